# What "make install" puts where; included by the Makefile. Nothing is started, enabled or edited here.
install: all
	install -D -m 0755 $(B)/latchkeyd $(DESTDIR)$(LIBEXECDIR)/latchkeyd
	install -D -m 0755 $(B)/latchkey-fetch $(DESTDIR)$(LIBEXECDIR)/latchkey-fetch
	install -D -m 0755 $(B)/latchkey-root $(DESTDIR)$(LIBEXECDIR)/latchkey-root
	install -D -m 0755 $(B)/latchkey $(DESTDIR)$(PREFIX)/bin/latchkey
	install -D -m 0644 $(B)/pam_latchkey.so $(DESTDIR)$(PAMDIR)/pam_latchkey.so
	install -D -m 0644 $(B)/libnss_latchkey.so.2 $(DESTDIR)$(LIBDIR)/libnss_latchkey.so.2

uninstall:
	rm -f $(DESTDIR)$(LIBEXECDIR)/latchkeyd $(DESTDIR)$(LIBEXECDIR)/latchkey-fetch \
		$(DESTDIR)$(LIBEXECDIR)/latchkey-root $(DESTDIR)$(PREFIX)/bin/latchkey \
		$(DESTDIR)$(PAMDIR)/pam_latchkey.so $(DESTDIR)$(LIBDIR)/libnss_latchkey.so.2
