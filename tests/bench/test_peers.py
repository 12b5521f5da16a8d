# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""bench/peers without the brokers that it compares: its tables, who comes when, and what those are told."""
import subprocess
from types import SimpleNamespace

import pytest


@pytest.fixture(scope="module")
def peers(script):
    return script("peers")


def measured(rate, cpu=10.0):
    return {"unit": "msg", "rate": rate, "tree_us": cpu, "idle": 5, "most": 20}


def rows_of(text, workload):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()
            if line.startswith(f"| {workload} ")]


def arguments(servers, pairs=3):
    return SimpleNamespace(servers=servers, pairs=pairs, quick=False)


def test_rates_ratios_and_costs_are_medians_of_the_rounds(peers, capsys):
    results = {"plugin": [measured(40000), measured(10000), measured(20000)],
               "rabbitmq": [measured(10000, 35.0), measured(5000, 30.0), measured(8000, 50.0)]}
    peers.print_tables(["plugin", "rabbitmq"], {"live": results})
    assert rows_of(capsys.readouterr().out, "live") == [
        ["live", "msg/s", "20,000 (10,000..40,000)", "8,000 (5,000..10,000)"],
        ["live", "2.50 (2.00..4.00)"],
        ["live", "10.0 us, 20 MiB", "35.0 us (3.5 times), 20 MiB"]]


def test_a_broker_without_a_result_has_a_dash_in_each_table(peers, capsys):
    peers.print_tables(["plugin", "ejabberd"], {"live": {"plugin": [measured(40000)]}})
    rows = rows_of(capsys.readouterr().out, "live")
    assert [row[-1] for row in rows] == ["-", "-", "-"]


def test_what_a_kill_has_cost_is_shown_with_its_worst_case(peers, capsys):
    killed = {"plugin": [{"acked": 100, "lost": 0, "ready": 0.1}] * 2,
              "ejabberd": [{"acked": 100, "lost": lost, "ready": 2} for lost in (0, 90, 1000)]}
    peers.print_tables(list(killed), {"killed": killed})
    shown = capsys.readouterr().out
    assert rows_of(shown, "plugin") == [["plugin", "100", "0", "0.1"]]
    assert rows_of(shown, "ejabberd") == [["ejabberd", "100", "90 (0..1,000)", "2.0"]]


def test_another_one_is_first_in_each_round(peers, monkeypatch):
    order = []
    monkeypatch.setattr(peers, "measure", lambda workload, name, quick: order.append(name) or measured(1))
    peers.measure_all("live", arguments(["plugin", "mosquitto", "ejabberd"]))
    assert order == ["plugin", "mosquitto", "ejabberd", "mosquitto", "ejabberd", "plugin", "ejabberd", "plugin", "mosquitto"]


def test_a_peer_that_fails_is_left_out_and_its_reason_is_told(peers, monkeypatch, capsys):
    def measure(workload, name, quick):
        if name == "ejabberd":
            raise RuntimeError("live, ejabberd: load: sender0: login refused: 5\n2026 [warning] its log\n")
        return measured(1)
    monkeypatch.setattr(peers, "measure", measure)
    results, reasons = peers.measure_all("live", arguments(["plugin", "ejabberd"]))
    peers.print_reasons(["plugin", "ejabberd"], {"live": reasons})
    assert list(results) == ["plugin"]
    assert capsys.readouterr().out == "- `live`, ejabberd: no result, because of: sender0: login refused: 5\n"


def test_an_error_of_the_plugin_ends_the_run(peers, monkeypatch):
    def measure(*_):
        raise RuntimeError("load: sender0: login refused: 5")
    monkeypatch.setattr(peers, "measure", measure)
    with pytest.raises(RuntimeError):
        peers.measure_all("live", arguments(["plugin"]))


@pytest.mark.parametrize("name", ["rabbitmq", "rabbitmq-quorum"])
def test_rabbitmq_has_all_its_files_in_its_folder(peers, monkeypatch, name):
    monkeypatch.setattr(peers.erlang.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(peers.erlang.RabbitMQ, "start", lambda self: None)
    server = peers.SERVERS[name]()
    try:
        paths = [value for key, value in server._environment().items() if value.startswith("/") and key != "PATH"]
        assert len(paths) > 5
        assert not [path for path in paths if path != "/dev/null" and not path.startswith(str(server.folder))]
    finally:
        peers.brokers.shutil.rmtree(server.folder)


def test_services_are_held_while_packages_are_installed_and_no_longer(peers, monkeypatch, tmp_path):
    policy = tmp_path / "policy-rc.d"
    monkeypatch.setattr(peers, "POLICY", policy)
    with peers.services_held():
        assert subprocess.run([policy, "rabbitmq-server", "start"]).returncode == 101  # Debian's number for "not now"
    assert not policy.exists()


def test_a_policy_that_is_there_stays(peers, monkeypatch, tmp_path):
    policy = tmp_path / "policy-rc.d"
    policy.write_text("theirs")
    monkeypatch.setattr(peers, "POLICY", policy)
    with peers.services_held():
        pass
    assert policy.read_text() == "theirs"


def test_who_is_not_root_is_told_what_root_must_install(peers, monkeypatch):
    monkeypatch.setattr(peers, "version_of", lambda package: None)
    monkeypatch.setattr(peers.os, "geteuid", lambda: 1000)
    with pytest.raises(SystemExit, match="apt-get install --no-install-recommends ejabberd;"):
        peers.install(["ejabberd"])
