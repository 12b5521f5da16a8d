# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""RabbitMQ and ejabberd from Debian's packages, each in a folder of its own, as the users that the packages have made.
Nothing of /etc is read, and every port is on the loopback interface."""
import os
import pathlib
import shutil

import brokers

LOOPBACK = "{127,0,0,1}"
NODE = "chat-bench@localhost"
RABBITMQ = "/usr/lib/rabbitmq/bin/rabbitmq-server"


class ErlangServer(brokers.Server):
    start_seconds = 180

    def __init__(self):
        super().__init__()
        self.user = self.account if os.geteuid() == 0 else None
        self.distribution_port = brokers.free_port()
        self._write_config()
        if self.user:
            for path in (self.folder, *self.folder.iterdir()):
                shutil.chown(path, self.user, self.user)
        self.start()

    def _environment(self):
        return {"PATH": os.environ["PATH"] + ":/usr/sbin", "HOME": str(self.folder), "LANG": "C.UTF-8",
                "ERL_CRASH_DUMP_BYTES": "0", **self._variables()}


class RabbitMQ(ErlangServer):
    """Debian's defaults and one plugin. Without a user name everybody is `guest`, whom its own database knows; it would refuse
    userSigs. It finds its node through an epmd, which is started for it alone."""

    name, package, account = "rabbitmq", "rabbitmq-server", "rabbitmq"
    load_flags = ("--bare", "--anonymous")
    queues = "classic"
    epmd = None

    def _write_config(self):
        self.epmd_port = brokers.free_port()
        (self.folder / "enabled_plugins").write_text("[rabbitmq_mqtt].\n")
        (self.folder / "rabbitmq.conf").write_text(
            f"listeners.tcp = none\nmqtt.listeners.tcp.default = 127.0.0.1:{self.port}\n"
            f"mqtt.durable_queue_type = {self.queues}\n")

    def _variables(self):
        return {"ERL_EPMD_ADDRESS": "127.0.0.1", "ERL_EPMD_PORT": str(self.epmd_port),
                "RABBITMQ_NODENAME": NODE, "RABBITMQ_DIST_PORT": str(self.distribution_port),
                "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": f"-kernel inet_dist_use_interface {LOOPBACK}",
                "RABBITMQ_CONF_ENV_FILE": "/dev/null", "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
                "RABBITMQ_ADVANCED_CONFIG_FILE": str(self.folder / "advanced.config"),
                "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "enabled_plugins"),
                "RABBITMQ_MNESIA_BASE": str(self.folder / "mnesia"), "RABBITMQ_LOG_BASE": str(self.folder),
                "RABBITMQ_LOGS": str(self.log), "RABBITMQ_PID_FILE": str(self.folder / "pid"),
                "RUNNING_UNDER_SYSTEMD": "true"}  # no shell stays in front of it

    def _command(self):
        return [RABBITMQ]

    def start(self):
        if not self.epmd:  # it outlives a broker that was killed
            self.epmd = self._spawn(["epmd", "-address", "127.0.0.1", "-port", str(self.epmd_port)])
        super().start()

    def stop(self):
        super().stop()
        self.epmd.terminate()
        self.epmd.wait()


class QuorumRabbitMQ(RabbitMQ):
    """Kept sessions have quorum queues (of one member here), other sessions what they have above."""

    name, queues = "rabbitmq-quorum", "quorum"


class Ejabberd(ErlangServer):
    """Only mod_mqtt; its limits are the defaults, `backlog` is Debian's. `login_anon` takes any user name and password."""

    name = package = account = "ejabberd"
    CONFIG = """hosts: [localhost]
loglevel: warning
auth_method: anonymous
anonymous_protocol: login_anon
allow_multiple_connections: true
listen:
  - {{port: {port}, ip: "127.0.0.1", module: mod_mqtt, backlog: 1000}}
modules:
  mod_mqtt: {{}}
"""

    def _write_config(self):
        (self.folder / "ejabberd.yml").write_text(self.CONFIG.format(port=self.port))

    def _variables(self):
        libraries = next(pathlib.Path("/usr/lib").glob("*/ejabberd-*/ebin")).parent.parent
        return {"EJABBERD_CONFIG_PATH": str(self.folder / "ejabberd.yml"), "EJABBERD_LOG_PATH": str(self.log),
                "ERL_LIBS": str(libraries), "ERL_MAX_PORTS": "32000", "ERL_MAX_ETS_TABLES": "1400"}

    def _command(self):
        """That of ejabberdctl."""
        return ["erl", "-sname", NODE, "+K", "true", "+P", "250000", "-noinput", "-start_epmd", "false",
                "-erl_epmd_port", str(self.distribution_port), "-kernel", "inet_dist_use_interface", LOOPBACK,
                "-mnesia", "dir", f'"{self.folder / "mnesia"}"', "-s", "ejabberd"]
