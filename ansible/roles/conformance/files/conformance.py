#!/usr/bin/python3
"""Judges the finished tree of a node image by its files alone, and prints a report.

    conformance.py ROOT EXPECTED

ROOT is / in the tree, or a tree somewhere; EXPECTED is a JSON object (see tasks/main.yml). Nothing is run and nothing is changed.
Ends with 0 whatever the verdicts: who reads the report decides.
"""

import hashlib
import json
import os
import re
import stat
import sys

LOGIN = [
    "getty@.service",
    "serial-getty@.service",
    "console-getty.service",
    "getty.target",
    "container-getty@.service",
    "autovt@.service",
]
RECOVERY = [
    "emergency.service",
    "emergency.target",
    "rescue.service",
    "rescue.target",
    "debug-shell.service",
]
NO_SHELL = {"/usr/sbin/nologin", "/sbin/nologin", "/bin/false", "/usr/bin/false", "/bin/sync"}
NETWORK_TOOLS = ["gcc", "cc", "nc", "ncat", "netcat", "socat", "telnet", "ssh", "scp"]
PROGRAM_FOLDERS = ["usr/bin", "usr/sbin", "usr/local/bin", "usr/local/sbin"]
UNIT_FOLDERS = ["etc/systemd/system", "usr/lib/systemd/system"]
# Beside the metadata server: the node itself, and the fleet whose address is in the image.
FLEET_ADDRESSES = {"calimero-fleet": ['"http://127.0.0.1:$port/admin-api/tee/info"', '-- "$fleet"']}
NOT_THE_IMAGE = {"proc", "sys", "dev", "run"}


class Tree:
    """Files below a root; links are read, never followed out of it."""

    def __init__(self, root):
        self.root = root

    def at(self, path):
        return os.path.join(self.root, path.lstrip("/"))

    def has(self, path):
        return os.path.lexists(self.at(path))

    def read(self, path):
        try:
            with open(self.at(path), encoding="utf-8", errors="replace") as file:
                return file.read()
        except OSError:
            return ""

    def names(self, path):
        try:
            return sorted(os.listdir(self.at(path)))
        except OSError:
            return []

    def is_masked(self, unit):
        path = self.at("etc/systemd/system/" + unit)
        return os.path.islink(path) and os.readlink(path) == "/dev/null"

    def is_installed(self, unit):
        return any(self.has(folder + "/" + unit) for folder in UNIT_FOLDERS)

    def enabling_links(self, unit):
        found = []
        for folder in self.names("etc/systemd/system"):
            if folder.endswith((".wants", ".requires")) and unit in self.names("etc/systemd/system/" + folder):
                found.append(folder)
        return found

    def walk(self):
        for folder, folders, files in os.walk(self.root):
            if os.path.samefile(folder, self.root):
                folders[:] = [name for name in folders if name not in NOT_THE_IMAGE]
            for name in folders + files:
                path = os.path.join(folder, name)
                yield "/" + os.path.relpath(path, self.root), path, os.lstat(path)


def packages(tree):
    """Names of installed packages, from dpkg's own file."""
    found = set()
    for entry in tree.read("var/lib/dpkg/status").split("\n\n"):
        if re.search(r"^Status: .* installed$", entry, re.MULTILINE):
            name = re.search(r"^Package: (\S+)$", entry, re.MULTILINE)
            if name:
                found.add(name.group(1))
    return found


def accounts(tree, path):
    return [line.split(":") for line in tree.read(path).splitlines() if line]


def check_ssh(tree, expected):
    installed = packages(tree) & {"openssh-server", "openssh-client"}
    if expected["ssh"]:
        missing = {"openssh-server", "openssh-client"} - installed
        return ["%s is not installed" % name for name in sorted(missing)]
    problems = ["%s is installed" % name for name in sorted(installed)]
    return problems + (["/etc/ssh is there"] if tree.has("etc/ssh") else [])


def check_ssh_configuration(tree, expected):
    problems = ["%s is in the image" % name for name in tree.names("etc/ssh") if name.startswith("ssh_host_")]
    if not expected["ssh"]:
        return problems
    # The first word on a setting counts; drop-ins come first, in the order of their names.
    texts = [tree.read("etc/ssh/sshd_config.d/" + name) for name in tree.names("etc/ssh/sshd_config.d")]
    lines = "\n".join(texts + [tree.read("etc/ssh/sshd_config")]).splitlines()
    for setting, wanted in [("PermitRootLogin", "no"), ("PasswordAuthentication", "no"), ("PermitEmptyPasswords", "no")]:
        values = [line.split()[1:] for line in lines if line.split()[:1] == [setting]]
        if not values or values[0] != [wanted]:
            problems.append("%s is not %s" % (setting, wanted))
    return problems


def masked(tree, units):
    problems = []
    for unit in units:
        if not tree.is_masked(unit):
            problems.append("%s is not masked" % unit)
        elif tree.has("etc/systemd/system/%s.d" % unit):
            problems.append("%s is masked and has a drop-in" % unit)
    return problems


def check_login_units(tree, expected):
    if not expected["console_login"]:
        problems = masked(tree, LOGIN)
        return problems + (["getty.target wants a prompt"] if tree.names("etc/systemd/system/getty.target.wants") else [])
    wanted = tree.names("etc/systemd/system/getty.target.wants")
    return [] if "serial-getty@ttyS0.service" in wanted else ["no login prompt on ttyS0"]


def check_recovery(tree, expected):
    return None if expected["recovery_shell"] else masked(tree, RECOVERY)


def check_initrd(tree, _expected):
    problems = []
    for path in ["scripts/calimero", "scripts/init-top/calimero", "scripts/panic/calimero", "hooks/calimero"]:
        if not tree.has("etc/initramfs-tools/" + path):
            problems.append("the initrd has no %s" % path)
    if "MODULES=list" not in tree.read("etc/initramfs-tools/conf.d/calimero.conf").split():
        problems.append("the initrd takes modules that are on no list")
    return problems


def check_foreign_units(tree, expected):
    problems = []
    for unit in expected["foreign_units"]:
        if tree.is_installed(unit) and not tree.is_masked(unit):
            problems.append("%s is installed and not masked" % unit)
    for unit in tree.names("usr/lib/systemd/system"):
        if unit.startswith(("google-", "cloud-", "snapd")) and not tree.is_masked(unit):
            problems.append("%s is installed and not masked" % unit)
    return sorted(set(problems))


def check_accounts(tree, expected):
    problems = []
    for fields in accounts(tree, "etc/shadow"):
        if len(fields) < 2 or not re.match(r"^[!*]+$", fields[1]):
            problems.append("%s has a password hash or none is needed" % fields[0])
    shells = {"operator"} if expected["ssh"] else set()
    names = set()
    for fields in accounts(tree, "etc/passwd"):
        if len(fields) != 7:
            problems.append("/etc/passwd has a malformed line")
            continue
        name, password, uid, shell = fields[0], fields[1], fields[2], fields[6]
        names.add(name)
        if password != "x":
            problems.append("%s has its password in /etc/passwd" % name)
        if uid == "0" and name != "root":
            problems.append("%s has user id 0" % name)
        if shell not in NO_SHELL and name not in shells:
            problems.append("%s has the shell %s" % (name, shell))
    missing = (shells | {"root"}) - names
    problems += ["there is no %s" % name for name in sorted(missing)]
    for fields in accounts(tree, "etc/group"):
        if fields[0] == "sudo" and "sudo" not in expected["operator_groups"] and fields[-1]:
            problems.append("%s may become root" % fields[-1])
    sudoers = [name for name in tree.names("etc/sudoers.d") if name != "README"]
    if sudoers and "sudo" not in expected["operator_groups"]:
        problems.append("/etc/sudoers.d has %s" % ", ".join(sudoers))
    return problems


def check_files(tree, expected):
    problems = []
    for name, path, status in tree.walk():
        if stat.S_ISLNK(status.st_mode):
            continue
        if stat.S_ISREG(status.st_mode):
            if status.st_mode & (stat.S_ISUID | stat.S_ISGID) and name not in expected["privileged_files"]:
                problems.append("%s is set-uid or set-gid" % name)
            if status.st_mode & stat.S_IWOTH:
                problems.append("%s is writable by everybody" % name)
            try:
                os.getxattr(path, "security.capability", follow_symlinks=False)
                problems.append("%s has capabilities" % name)
            except OSError:
                pass  # none: what is asked for
        elif stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_IWOTH and name not in expected["tmpfs"]:
            if name not in ("/var/lock", "/var/run"):
                problems.append("%s is writable by everybody" % name)
    return problems


def check_leftovers(tree, _expected):
    problems = []
    if tree.read("etc/machine-id").strip() not in ("", "uninitialized"):
        problems.append("/etc/machine-id is set")
    for path in ["var/lib/systemd/random-seed", "var/lib/systemd/credential.secret", "var/lib/dbus/machine-id", "usr/sbin/policy-rc.d"]:
        if tree.has(path):
            problems.append("/%s is in the image" % path)
    for path in ["var/log", "var/lib/apt/lists", "var/cache"]:
        problems += ["/%s/%s is in the image" % (path, name) for name in tree.names(path)]
    for path in ["etc/passwd-", "etc/group-", "etc/shadow-", "etc/gshadow-"]:
        if tree.has(path):
            problems.append("/%s is in the image" % path)
    problems += ["/root/%s is in the image" % name for name in tree.names("root") if name != ".ansible"]
    problems += ["%s is in the image" % name for name, _, _ in tree.walk() if name.endswith("/__pycache__")]
    return problems


def check_units_enabled(tree, _expected):
    problems = []
    for unit in ["calimero-rtmr.service", "calimero-init.service"]:
        if tree.is_masked(unit) or not tree.enabling_links(unit):
            problems.append("%s is not enabled" % unit)
    return problems


def check_rtmr_first(tree, _expected):
    problems = []
    unit = tree.read("etc/systemd/system/calimero-rtmr.service").splitlines()
    for line in ["FailureAction=poweroff-force", "DefaultDependencies=no", "PrivateNetwork=yes", "ProtectSystem=strict"]:
        if line not in unit:
            problems.append("calimero-rtmr.service has no %s" % line)
    needed = tree.enabling_links("calimero-rtmr.service")
    for name in ["basic.target", "network-pre.target", "calimero-init.service", "merod.service", "mero-auth.service", "traefik.service"]:
        if name + ".requires" not in needed:
            problems.append("%s does not require calimero-rtmr.service" % name)
    return problems


def check_observability(tree, _expected):
    problems = []
    for name, condition in [("node_exporter", "metrics"), ("vmagent", "metrics"), ("vector", "logs")]:
        if tree.enabling_links(name + ".service"):
            problems.append("%s.service is enabled" % name)
        unit = tree.read("etc/systemd/system/%s.service" % name)
        if "ConditionPathExists=/run/calimero/%s.env" % condition not in unit.splitlines():
            problems.append("%s.service does not look for its endpoint" % name)
    return problems


def check_listeners(tree, expected):
    """Every host:port in the command of a unit of ours and in Traefik's entry points."""
    problems = []
    found = []
    for name in tree.names("etc/systemd/system"):
        if name.endswith(".service") and not tree.is_masked(name):
            for line in tree.read("etc/systemd/system/" + name).splitlines():
                if line.startswith("Exec"):
                    found += [(name, word) for word in re.findall(r"(?<![\w/])([\w.\[\]]*:\d{2,5})(?![\w.])", line)]
    for address in re.findall(r"^\s*address:\s*\"?([^\"\s]+)\"?\s*$", tree.read("etc/traefik/traefik.yml"), re.MULTILINE):
        found.append(("traefik.yml", address))
    for name, word in found:
        host, _, port = word.rpartition(":")
        if re.search(r"^rtmr3$", host):
            continue
        is_loopback = host in ("127.0.0.1", "[::1]", "localhost")
        allowed = expected["ports"]["loopback"] if is_loopback else expected["ports"]["public"]
        if int(port) not in allowed:
            problems.append("%s listens on %s" % (name, word))
    if re.search(r"^\s*(dashboard|insecure):\s*true", tree.read("etc/traefik/traefik.yml"), re.MULTILINE):
        problems.append("Traefik shows its dashboard")
    return problems


def check_boot_scripts(tree, _expected):
    problems = []
    scripts = ["usr/lib/calimero/" + name for name in tree.names("usr/lib/calimero") if name.startswith("calimero-")]
    for name in ["calimero-rtmr", "calimero-metadata", "calimero-init", "calimero-data"]:
        if "usr/lib/calimero/" + name not in scripts:
            problems.append("/usr/lib/calimero/%s is missing" % name)
    for path in scripts:
        text = re.sub(r"\\\n", " ", tree.read(path))
        lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
        for line in lines:
            addresses = ['"$base/instance/attributes/'] + FLEET_ADDRESSES.get(os.path.basename(path), [])
            if re.search(r"\b(curl|wget)\b", line) and not any(address in line for address in addresses):
                problems.append("/%s fetches from elsewhere than the metadata server" % path)
            if re.search(r"\beval\b", line):
                problems.append("/%s has eval" % path)
            if re.search(r"\|\|\s*(true|:)\b", line):
                problems.append("/%s goes on after a failure" % path)
    return sorted(set(problems))


def check_fleet(tree, expected):
    unit = "etc/systemd/system/fleet-sidecar.service"
    if not expected["fleet_sidecar"]:
        return ["/%s is in the image" % path for path in [unit, "usr/lib/calimero/calimero-fleet"] if tree.has(path)]
    lines = tree.read(unit).splitlines()
    wanted = ["User=fleet-sidecar", "NoNewPrivileges=yes", "ProtectSystem=strict", "ConditionPathExists=/usr/lib/calimero/fleet-url"]
    problems = ["fleet-sidecar.service has no %s" % line for line in wanted if line not in lines]
    if not tree.has("usr/lib/calimero/calimero-fleet"):
        problems.append("/usr/lib/calimero/calimero-fleet is missing")
    url = tree.read("usr/lib/calimero/fleet-url")
    if tree.has("usr/lib/calimero/fleet-url") and not re.match(r"^https://[A-Za-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9._~/-]*)?\n$", url):
        problems.append("/usr/lib/calimero/fleet-url is no https address")
    return problems


def check_programs(tree, expected):
    problems = []
    for name in tree.names("usr/local/bin"):
        if name not in expected["programs"]:
            problems.append("/usr/local/bin/%s is in no lock file" % name)
    for name, digest in sorted(expected["programs"].items()):
        try:
            with open(tree.at("usr/local/bin/" + name), "rb") as file:
                found = hashlib.sha256(file.read()).hexdigest()
        except OSError:
            problems.append("/usr/local/bin/%s is missing" % name)
            continue
        if found != digest:
            problems.append("/usr/local/bin/%s is not the one of the lock file" % name)
    return problems


def check_mounts(tree, expected):
    problems = []
    seen = set()
    for line in tree.read("etc/fstab").splitlines():
        fields = line.split()
        if not fields or fields[0].startswith("#"):
            continue
        if fields[0] != "tmpfs" or len(fields) < 4 or fields[2] != "tmpfs":
            problems.append("/etc/fstab mounts %s" % fields[0])
            continue
        seen.add(fields[1])
        if not {"nosuid", "nodev", "noexec"} <= set(fields[3].split(",")):
            problems.append("%s lacks nosuid, nodev or noexec" % fields[1])
    problems += ["%s is not in memory" % path for path in expected["tmpfs"] if path not in seen]
    problems += ["%s is in memory and on no list" % path for path in sorted(seen - set(expected["tmpfs"]))]
    return problems


def check_resolver(tree, _expected):
    path = tree.at("etc/resolv.conf")
    is_run_time = os.path.islink(path) and os.readlink(path) == "/run/systemd/resolve/stub-resolv.conf"
    return [] if is_run_time else ["/etc/resolv.conf is not the one of the run time"]


def check_command_line(tree, expected):
    problems = []
    words = tree.read("usr/lib/calimero/kernel-command-line").split()
    wanted = expected["kernel_parameters"] + ["calimero.role=node", "calimero.profile=" + expected["profile"]]
    for word in wanted:
        if words.count(word) != 1:
            problems.append("the command line has %s %d times" % (word, words.count(word)))
    for word in words:
        if word not in wanted and not (word == "calimero.test=1" and expected["is_test"]):
            problems.append("the command line has %s" % word)
    for name, value in [("image-profile", expected["profile"]), ("image-role", "node")]:
        if tree.read("usr/lib/calimero/" + name) != value + "\n":
            problems.append("/usr/lib/calimero/%s is not %s" % (name, value))
    return problems


def check_host_credentials(tree, expected):
    """Whether strings of the host (SMBIOS, fw_cfg) stay strings: as credentials of PID 1 they set passwords, keys, units and files."""
    problems = []
    words = tree.read("usr/lib/calimero/kernel-command-line").split()
    said = [word for word in words if re.match(r"systemd\.(import_credentials|set_credential)", word)]
    if said != ["systemd.import_credentials=no"]:
        problems.append("the command line does not keep credentials of the host out")
    cores = ["usr/lib/systemd/systemd"]
    for folder in ["usr/lib/systemd", "usr/lib/x86_64-linux-gnu/systemd"]:
        cores += ["%s/%s" % (folder, name) for name in tree.names(folder) if name.startswith("libsystemd-core")]
    # An older systemd takes no notice of the word.
    if not any("systemd.import_credentials" in tree.read(path) for path in cores):
        problems.append("systemd does not know systemd.import_credentials")
    for folder in ["etc/credstore", "etc/credstore.encrypted", "usr/lib/credstore", "usr/lib/credstore.encrypted"]:
        problems += ["/%s/%s is a credential" % (folder, name) for name in tree.names(folder)]
    for name in expected["generators_masked"]:
        path = tree.at("etc/systemd/system-generators/" + name)
        if not os.path.islink(path) or os.readlink(path) != "/dev/null":
            problems.append("%s is not masked" % name)
    return problems


def check_tools(tree, expected):
    if expected["ssh"]:
        return None
    problems = []
    for folder in PROGRAM_FOLDERS:
        problems += ["/%s/%s is in the image" % (folder, name) for name in tree.names(folder) if name in NETWORK_TOOLS]
    return problems


CHECKS = [
    ("ssh-packages", "R1", check_ssh),
    ("ssh-configuration", "R1", check_ssh_configuration),
    ("network-tools", "R1", check_tools),
    ("login-units", "R2", check_login_units),
    ("recovery-units", "R3", check_recovery),
    ("initrd-scripts", "R3", check_initrd),
    ("accounts", "R4", check_accounts),
    ("foreign-units", "R5", check_foreign_units),
    ("host-credentials", "R5", check_host_credentials),
    ("units-enabled", "R6", check_units_enabled),
    ("boot-scripts", "R6", check_boot_scripts),
    ("fleet-sidecar", "R6", check_fleet),
    ("programs", "R6", check_programs),
    ("observability-off", "R7", check_observability),
    ("listeners", "R7", check_listeners),
    ("privileged-files", "R8", check_files),
    ("mounts", "R8", check_mounts),
    ("resolver", "R8", check_resolver),
    ("leftovers", "R8", check_leftovers),
    ("command-line", "R9", check_command_line),
    ("rtmr-first", "R9", check_rtmr_first),
]


def judge(root, expected):
    tree = Tree(root)
    checks = []
    for name, requirement, check in CHECKS:
        problems = check(tree, expected)
        status = "not-applicable" if problems is None else "failed" if problems else "passed"
        checks.append({"id": name, "requirement": requirement, "status": status, "detail": "; ".join(problems or [])})
    return {"schema_version": 1, "profile": expected["profile"], "checks": checks}


if __name__ == "__main__":
    json.dump(judge(sys.argv[1], json.loads(sys.argv[2])), sys.stdout)
