# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Charts as SVG, by gnuplot: without a ground, in colours that are read on white and on black."""
import os
import shutil
import subprocess

GREY = "#808890"
COLOURS = ("#3584e4", "#e66100", "#2ea043", "#c061cb", "#d33d3d", "#12a4a4")
SIZE = (720, 300)
POWERS = ("1", "10", "100", "1,000", "10,000", "100,000", "million", "10 million")


def provide():
    """Debian's package, where there is no gnuplot yet."""
    if not shutil.which("gnuplot"):
        sudo = [] if os.geteuid() == 0 else ["sudo"]
        subprocess.run([*sudo, "apt-get", "install", "-y", "--no-install-recommends", "gnuplot-nox"], check=True)


def version():
    return subprocess.run(["gnuplot", "--version"], check=True, capture_output=True, text=True).stdout.strip()


def _data(number, points):
    return "\n".join([f"$d{number} << EOD", *(f"{x} {y:.6g}" for x, y in points), "EOD"])


def _powers():
    return ", ".join(f"'{name}' 1e{power}" for power, name in enumerate(POWERS))


def lines(path, x_title, y_title, series):
    """`series`: lists of (x, y) by their titles. x grows by powers of ten, y begins at 0."""
    most = max(y for points in series.values() for _, y in points)
    script = [
        f"set terminal svg size {SIZE[0]},{SIZE[1]} fixed font 'sans-serif,13'", f"set output '{path}'",
        f"set border 3 lc rgb '{GREY}'", f"set grid ytics lc rgb '{GREY}' dt 3", f"set tics nomirror textcolor rgb '{GREY}'",
        f"set xlabel '{x_title}' textcolor rgb '{GREY}'", f"set ylabel '{y_title}' textcolor rgb '{GREY}'",
        "set logscale x", f"set xtics ({_powers()}) textcolor rgb '{GREY}'",
        f"set key outside right textcolor rgb '{GREY}' Left reverse samplen 2 width -4",
        f"set yrange [0:{1.15 * most:.6g}]", *(_data(*pair) for pair in enumerate(series.values())),
        "plot " + ", ".join(f"$d{number} with linespoints lw 2 pt 7 ps 0.5 lc rgb '{COLOURS[number]}' title '{title}'"
                            for number, title in enumerate(series))]
    subprocess.run(["gnuplot"], input="\n".join(script), text=True, check=True)
