# What "make install" puts where; included by the Makefile. Nothing is started, enabled or edited here: "systemctl
# enable" and "pam-auth-update --enable latchkey" are the administrator's, and a configuration that exists stays.
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
TMPFILESDIR ?= $(PREFIX)/lib/tmpfiles.d
PAMCONFIGDIR ?= $(PREFIX)/share/pam-configs
CATALOGDIR ?= $(PREFIX)/lib/systemd/catalog
BASHCOMPLETIONDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHCOMPLETIONDIR ?= $(PREFIX)/share/zsh/site-functions
APPARMORDIR ?= $(SYSCONFDIR)/apparmor.d
SELINUXDIR ?= $(PREFIX)/share/selinux/packages

UNITS := latchkey.socket latchkey-resolve.socket latchkey-fetch.socket latchkey-root.socket latchkey-userdb.socket \
	latchkeyd.service latchkey-key.service latchkey-fetch.service latchkey-root.service latchkey-userdb.service
PAGES := $(sort $(wildcard docs/man/*))
CONFIGURATION := $(DESTDIR)$(SYSCONFDIR)/latchkey

install: all
	install -D -m 0755 $(B)/latchkeyd $(DESTDIR)$(LIBEXECDIR)/latchkeyd
	install -D -m 0755 $(B)/latchkey-fetch $(DESTDIR)$(LIBEXECDIR)/latchkey-fetch
	install -D -m 0755 $(B)/latchkey-root $(DESTDIR)$(LIBEXECDIR)/latchkey-root
	install -D -m 0755 $(B)/latchkey-userdb $(DESTDIR)$(LIBEXECDIR)/latchkey-userdb
	install -D -m 0755 $(B)/latchkey-command $(DESTDIR)$(LIBEXECDIR)/latchkey-command
	install -D -m 0755 $(B)/latchkey $(DESTDIR)$(PREFIX)/bin/latchkey
	install -D -m 0755 packaging/latchkey-askpass $(DESTDIR)$(LIBEXECDIR)/latchkey-askpass
	install -D -m 0644 $(B)/pam_latchkey.so $(DESTDIR)$(PAMDIR)/pam_latchkey.so
	install -D -m 0644 $(B)/libnss_latchkey.so.2 $(DESTDIR)$(LIBDIR)/libnss_latchkey.so.2
	install -d -m 0755 $(DESTDIR)$(UNITDIR)
	for unit in $(UNITS); do sed 's|/usr/libexec/latchkey|$(LIBEXECDIR)|' packaging/systemd/$$unit \
		> $(DESTDIR)$(UNITDIR)/$$unit && chmod 0644 $(DESTDIR)$(UNITDIR)/$$unit || exit 1; done
	install -D -m 0644 packaging/sysusers.d/latchkey.conf $(DESTDIR)$(SYSUSERSDIR)/latchkey.conf
	install -D -m 0644 packaging/tmpfiles.d/latchkey.conf $(DESTDIR)$(TMPFILESDIR)/latchkey.conf
	install -D -m 0644 packaging/logrotate.d/latchkey $(DESTDIR)$(SYSCONFDIR)/logrotate.d/latchkey
	install -D -m 0644 packaging/latchkey.catalog $(DESTDIR)$(CATALOGDIR)/latchkey.catalog
	install -D -m 0644 packaging/pam-configs/latchkey $(DESTDIR)$(PAMCONFIGDIR)/latchkey
	for page in $(PAGES); do install -D -m 0644 $$page $(DESTDIR)$(MANDIR)/man$${page##*.}/$${page##*/} || exit 1; done
	install -d -m 0755 $(DESTDIR)$(BASHCOMPLETIONDIR) $(DESTDIR)$(ZSHCOMPLETIONDIR)
	$(B)/latchkey completion bash > $(DESTDIR)$(BASHCOMPLETIONDIR)/latchkey
	$(B)/latchkey completion zsh > $(DESTDIR)$(ZSHCOMPLETIONDIR)/_latchkey
	chmod 0644 $(DESTDIR)$(BASHCOMPLETIONDIR)/latchkey $(DESTDIR)$(ZSHCOMPLETIONDIR)/_latchkey
	install -d -m 0755 $(CONFIGURATION) $(CONFIGURATION)/latchkey.conf.d
	[ -e $(CONFIGURATION)/latchkey.conf ] || \
		install -m 0644 packaging/latchkey.conf $(CONFIGURATION)/latchkey.conf

# Configuration and state stay: they are the administrator's.
uninstall:
	rm -f $(DESTDIR)$(LIBEXECDIR)/latchkeyd $(DESTDIR)$(LIBEXECDIR)/latchkey-fetch \
		$(DESTDIR)$(LIBEXECDIR)/latchkey-root $(DESTDIR)$(LIBEXECDIR)/latchkey-userdb \
		$(DESTDIR)$(LIBEXECDIR)/latchkey-command $(DESTDIR)$(LIBEXECDIR)/latchkey-askpass \
		$(DESTDIR)$(PREFIX)/bin/latchkey \
		$(DESTDIR)$(PAMDIR)/pam_latchkey.so $(DESTDIR)$(LIBDIR)/libnss_latchkey.so.2 \
		$(UNITS:%=$(DESTDIR)$(UNITDIR)/%) $(DESTDIR)$(SYSUSERSDIR)/latchkey.conf \
		$(DESTDIR)$(TMPFILESDIR)/latchkey.conf $(DESTDIR)$(PAMCONFIGDIR)/latchkey $(DESTDIR)$(CATALOGDIR)/latchkey.catalog \
		$(DESTDIR)$(SYSCONFDIR)/logrotate.d/latchkey \
		$(DESTDIR)$(BASHCOMPLETIONDIR)/latchkey $(DESTDIR)$(ZSHCOMPLETIONDIR)/_latchkey \
		$(foreach p,$(PAGES),$(DESTDIR)$(MANDIR)/man$(lastword $(subst ., ,$(p)))/$(notdir $(p)))

# For packages: what the machine's own security module takes, and nothing loads it here.
policy: $(B)/latchkey.pp
$(B)/latchkey.mod: packaging/selinux/latchkey.te
	$(call say,POLICY,$@)mkdir -p $(@D) && checkmodule -M -m -o $@ $<
$(B)/latchkey.pp: $(B)/latchkey.mod packaging/selinux/latchkey.fc
	$(call say,POLICY,$@)semodule_package -o $@ -m $< -f packaging/selinux/latchkey.fc
install-policy: policy
	install -D -m 0644 $(B)/latchkey.pp $(DESTDIR)$(SELINUXDIR)/latchkey.pp
	install -D -m 0644 packaging/apparmor/latchkey $(DESTDIR)$(APPARMORDIR)/latchkey

# Packages of this tree in build/deb/ and build/rpm/. The version is RELEASE, here and everywhere.
release:
	@echo $(RELEASE)
deb:
	$(Q)packaging/build-deb $(RELEASE)
rpm:
	$(Q)packaging/build-rpm $(RELEASE)
