/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Names that distributions give to system users and to groups with power, in the order of strcmp(). Most exist in
 * /etc/passwd or /etc/group where they matter, and are found there first; this list is for the machine that installs the
 * package tomorrow.
 */
static const char *const reserved[] = {
	"adm",         "admin",      "administrator", "alias",         "all",           "almalinux",     "amavis",
	"anonymous",   "apache",     "audio",         "avahi",         "avahi-autoipd", "azureuser",     "backup",
	"bin",         "bind",       "bluetooth",     "cdrom",         "centos",        "ceph",          "chrony",
	"clamav",      "cloud-init", "colord",        "containerd",    "crontab",       "cups",          "daemon",
	"dbus",        "debian",     "default",       "dialout",       "dip",           "disk",          "dnsmasq",
	"docker",      "dovecot",    "dovenull",      "ec2-user",      "elasticsearch", "etcd",          "exim",
	"fax",         "fedora",     "floppy",        "ftp",           "ftpuser",       "fwupd-refresh", "games",
	"gdm",         "geoclue",    "git",           "gitlab-runner", "gluster",       "gnats",         "grafana",
	"guest",       "halt",       "haproxy",       "himmelblaud",   "host",          "http",          "incus",
	"incus-admin", "input",      "irc",           "jenkins",       "kmem",          "kube",          "kvm",
	"landscape",   "libvirt",    "libvirt-qemu",  "lightdm",       "list",          "localhost",     "lock",
	"lp",          "lpadmin",    "lxc",           "lxd",           "mail",          "mailnull",      "man",
	"mariadb",     "mem",        "memcache",      "memcached",     "messagebus",    "mongodb",       "munge",
	"munin",       "mysql",      "nagios",        "named",         "netdev",        "news",          "nfsnobody",
	"nginx",       "nobody",     "node_exporter", "nogroup",       "none",          "nrpe",          "nslcd",
	"ntp",         "ntpsec",     "null",          "opc",           "openntpd",      "operator",      "pipewire",
	"plugdev",     "podman",     "policykit",     "polkitd",       "polkituser",    "pollinate",     "postdrop",
	"postfix",     "postgres",   "postgresql",    "prometheus",    "proxy",         "pulse",         "pulse-access",
	"qemu",        "rabbitmq",   "redis",         "render",        "rocky",         "root",          "rpc",
	"rpcuser",     "rtkit",      "saned",         "sasl",          "scanner",       "sddm",          "sgx",
	"shadow",      "shutdown",   "slurm",         "smmsp",         "smmta",         "squid",         "src",
	"ssh",         "sshd",       "sssd",          "staff",         "statd",         "sudo",          "svn",
	"sync",        "sys",        "syslog",        "system",        "tape",          "tcpdump",       "tomcat",
	"toor",        "tss",        "tty",           "ubuntu",        "unbound",       "unknown",       "usbmux",
	"usbmuxd",     "user",       "users",         "utempter",      "utmp",          "uucp",          "uuidd",
	"vagrant",     "vboxusers",  "video",         "voice",         "wheel",         "whoopsie",      "wireshark",
	"www",         "www-data",   "zabbix",
};
