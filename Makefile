# Latchkey. One file, not recursive; objects in build/$(VARIANT)/, so variants never mix.
#   make                 the programs and modules
#   sudo make demo       a real SSH login against an embedded provider, on loopback
#   sudo make check      every test (installs what is missing first)
#   make unit            the tests that need no root, no network and no packages beyond the build's
#   make lint            clang-format, clang-tidy, cppcheck, shellcheck, layers, exported symbols
#   make fuzz            every fuzz target for FUZZ_SECONDS each (VARIANT=fuzz)
#   make bench           figures, as ratios against something real
#   make deb             Debian packages in build/deb/ (make rpm: RPM packages in build/rpm/)
#   sudo make torture    the NSS module's readers against publications, kills and damage, for SECONDS=600
#   VARIANT=release|sanitize|coverage|fuzz   V=1 shows commands   WERROR= for packagers

VARIANT ?= release
RELEASE := 0.1.0

CC ?= cc
AR ?= ar
PKG_CONFIG ?= pkg-config
PREFIX ?= /usr
SYSCONFDIR ?= /etc
LIBDIR ?= $(PREFIX)/lib/$(shell $(CC) -print-multiarch 2>/dev/null)
LIBEXECDIR ?= $(PREFIX)/libexec/latchkey
PAMDIR ?= $(LIBDIR)/security
MANDIR ?= $(PREFIX)/share/man
UNITDIR ?= $(PREFIX)/lib/systemd/system
DESTDIR ?=
WERROR ?= -Werror

B := build/$(VARIANT)
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' $(1) $(2);)

# --- flags -----------------------------------------------------------------------------------------------------------
ifeq ($(VARIANT),fuzz)
CC := clang
endif

try = $(shell echo 'int main(void){return 0;}' | $(CC) -Werror $(1) -x c -o /dev/null - 2>/dev/null && echo $(1))

WARNINGS := -Wall -Wextra -Wpedantic -Wformat=2 -Wshadow -Wundef -Wvla -Wconversion -Wsign-conversion -Wcast-qual \
	-Wcast-align -Wwrite-strings -Wpointer-arith -Wstrict-prototypes -Wold-style-definition -Wdate-time \
	-Wmissing-prototypes -Wmissing-declarations -Wredundant-decls -Wfloat-equal -Wimplicit-fallthrough -Wswitch-enum
TRIED := -Wlogical-op -Wduplicated-cond -Wduplicated-branches -Wjump-misses-init -Wformat-signedness \
	-Wcomma -fstrict-flex-arrays=3 -ftrivial-auto-var-init=zero -fcf-protection=full -fstack-clash-protection \
	-Wbidi-chars=any -Wtrampolines
TRIED_FLAGS := $(foreach f,$(TRIED),$(call try,$(f)))
BASE_FLAGS := -std=c17 -D_GNU_SOURCE -I. -I$(B)/gen -DLK_RELEASE='"$(RELEASE)"' -g $(WARNINGS) $(WERROR) $(TRIED_FLAGS) \
	-fvisibility=hidden -fno-common -fPIC -fstack-protector-strong -fno-strict-aliasing -fno-delete-null-pointer-checks
LINK_HARDEN := -Wl,-z,relro,-z,now -Wl,-z,noexecstack -Wl,--as-needed

ifeq ($(VARIANT),release)
# -Wnull-dereference needs the optimiser and cries wolf under the sanitizers
VARIANT_CFLAGS := -O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -Wnull-dereference
VARIANT_LDFLAGS := -Wl,-z,defs
else ifeq ($(VARIANT),sanitize)
VARIANT_CFLAGS := -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
VARIANT_LDFLAGS := -fsanitize=address,undefined
else ifeq ($(VARIANT),coverage)
VARIANT_CFLAGS := -O0 --coverage
VARIANT_LDFLAGS := --coverage
else ifeq ($(VARIANT),fuzz)
VARIANT_CFLAGS := -O1 -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
VARIANT_LDFLAGS := -fsanitize=address,undefined
else
$(error VARIANT must be release, sanitize, coverage or fuzz)
endif

pkg_cflags = $(shell $(PKG_CONFIG) --cflags $(1) 2>/dev/null)
pkg_libs = $(shell $(PKG_CONFIG) --libs $(1) 2>/dev/null)
JSON_LIBS := $(or $(call pkg_libs,json-c),-ljson-c)
CURL_LIBS := $(or $(call pkg_libs,libcurl),-lcurl)
CRYPTO_LIBS := $(or $(call pkg_libs,libcrypto),-lcrypto)
SSL_LIBS := $(or $(call pkg_libs,libssl),-lssl)
QR_LIBS := $(or $(call pkg_libs,libqrencode),-lqrencode)
SYSTEMD_LIBS := $(or $(call pkg_libs,libsystemd),-lsystemd)
SQLITE_LIBS := $(or $(call pkg_libs,sqlite3),-lsqlite3)
CRYPT_LIBS := $(or $(call pkg_libs,libcrypt),-lcrypt)
INI_LIBS := $(or $(call pkg_libs,inih),-linih)
CMOCKA_LIBS := $(or $(call pkg_libs,cmocka),-lcmocka)
PAM_LIBS := -lpam
PKG_CFLAGS := $(sort $(call pkg_cflags,json-c libcurl libcrypto libqrencode libsystemd sqlite3 inih cmocka))

ALL_CFLAGS = $(BASE_FLAGS) $(VARIANT_CFLAGS) $(PKG_CFLAGS) $(CPPFLAGS) $(CFLAGS)
ALL_LDFLAGS = $(LINK_HARDEN) $(VARIANT_LDFLAGS) $(LDFLAGS)

# --- layers, low to high: a folder is an archive; main.c of a folder is a program ------------------------------------
LAYERS := base protocol jose fetch vault oauth accounts login daemon root userdb setup doctor cli
layer_sources = $(filter-out %/main.c helper/cli/quick.c,$(sort $(wildcard helper/$(1)/*.c)))
archive = $(B)/lib/$(1).a
define layer_rule
$(call archive,$(1)): $(patsubst %.c,$(B)/%.o,$(call layer_sources,$(1))) Makefile
	$$(call say,AR,$$@)rm -f $$@ && mkdir -p $$(@D) && $$(AR) rcs $$@ $$(filter %.o,$$^)
endef
$(foreach l,$(LAYERS),$(eval $(call layer_rule,$(l))))

# What a layer may link: itself and those below. Archives are listed high to low for the linker.
DEPS_base := base
DEPS_protocol := protocol base
DEPS_jose := jose base
DEPS_fetch := fetch jose protocol base
DEPS_vault := vault base
DEPS_oauth := oauth fetch jose protocol base
DEPS_accounts := accounts vault protocol base
DEPS_login := login accounts oauth vault fetch jose protocol base
DEPS_daemon := daemon login accounts oauth vault fetch jose protocol base
DEPS_root := root protocol base
DEPS_userdb := userdb protocol base
DEPS_setup := setup protocol base
DEPS_doctor := doctor root protocol base
DEPS_cli := cli setup doctor root jose protocol base
archives = $(foreach l,$(DEPS_$(1)),$(call archive,$(l)))
LIBS_base := $(JSON_LIBS) $(INI_LIBS)
LIBS_protocol := $(LIBS_base)
LIBS_jose := $(LIBS_base) $(CRYPTO_LIBS)
LIBS_fetch := $(LIBS_jose) $(SYSTEMD_LIBS) $(CURL_LIBS) $(SSL_LIBS)
LIBS_vault := $(LIBS_base) $(SQLITE_LIBS) $(CRYPTO_LIBS)
LIBS_oauth := $(LIBS_jose) $(SYSTEMD_LIBS)
LIBS_accounts := $(LIBS_vault) $(SYSTEMD_LIBS)
LIBS_login := $(LIBS_oauth) $(SQLITE_LIBS) $(CRYPT_LIBS)
LIBS_daemon := $(LIBS_login)
LIBS_root := $(LIBS_base) $(SYSTEMD_LIBS)
LIBS_userdb := $(LIBS_base) $(SYSTEMD_LIBS)
LIBS_setup := $(LIBS_base) $(CRYPTO_LIBS)
LIBS_doctor := $(LIBS_base)
LIBS_cli := $(LIBS_jose)

PROGRAMS := $(B)/latchkeyd $(B)/latchkey-fetch $(B)/latchkey-root $(B)/latchkey-userdb $(B)/latchkey $(B)/latchkey-command
MODULES := $(B)/pam_latchkey.so $(B)/libnss_latchkey.so.2

.PHONY: all programs unit check demo lint format fuzz bench torture clean install uninstall policy install-policy release deb rpm \
	deps deps-check help
.DEFAULT_GOAL := all
.SECONDEXPANSION:
.SECONDARY:
all: $(PROGRAMS) $(MODULES)

$(B)/%.o: %.c
	$(call say,CC,$<)mkdir -p $(@D) && $(CC) $(ALL_CFLAGS) $(CFLAGS_$(notdir $*)) -MMD -MP -c -o $@ $<

# Set-up runs the other programs.
$(B)/helper/setup/%.o $(B)/helper/cli/quick.o: CPPFLAGS += -DLK_LIBEXECDIR='"$(LIBEXECDIR)"'

# Interface files become C strings: protocol/x.y.varlink -> gen/x.y.varlink.h. Byte by byte: a literal of more than 4095
# bytes is none of ISO C.
$(B)/gen/%.varlink.h: helper/protocol/%.varlink
	$(call say,GEN,$@)mkdir -p $(@D) && { printf 'static const char %s[] = {\n' "$$(echo $* | tr .- __)_varlink"; \
		od -An -v -tx1 $< | sed -e 's/ \(..\)/0x\1,/g'; printf '0};\n'; } > $@
INTERFACES := $(B)/gen/io.latchkey.varlink.h $(B)/gen/org.varlink.service.varlink.h \
	$(B)/gen/io.systemd.UserDatabase.varlink.h
$(B)/helper/daemon/methods_service.o $(B)/helper/protocol/service.o $(B)/helper/userdb/methods.o: $(INTERFACES)

# "latchkey doctor" looks where things were installed.
CFLAGS_places = -DLK_LIBEXECDIR='"$(LIBEXECDIR)"' -DLK_LIBDIR='"$(LIBDIR)"' -DLK_PAMDIR='"$(PAMDIR)"'

link = $(call say,LD,$@)mkdir -p $(@D) && $(CC) $(ALL_CFLAGS) -pie -o $@ $(filter %.o,$^) $(filter %.a,$^) $(ALL_LDFLAGS) $(1)
$(B)/latchkeyd: $(B)/helper/daemon/main.o $(call archives,daemon)
	$(call link,$(LIBS_daemon))
$(B)/latchkey-fetch: $(B)/helper/fetch/main.o $(call archives,fetch)
	$(call link,$(LIBS_fetch))
$(B)/latchkey-root: $(B)/helper/root/main.o $(call archives,root)
	$(call link,$(LIBS_root))
# They read the map by the NSS module's own code, so that all say the same.
MAP_READER := $(B)/nss_module/map_reader.o $(B)/nss_module/pack.o
$(B)/latchkey-userdb: $(B)/helper/userdb/main.o $(call archives,userdb) $(MAP_READER)
	$(call link,$(LIBS_userdb))
$(B)/latchkey-command: $(B)/helper/cli/main.o $(call archives,cli) $(MAP_READER)
	$(call link,$(LIBS_cli))
# Without the libraries that only others need: it must start fast.
$(B)/latchkey: $(B)/helper/cli/quick.o $(call archives,cli) | $(B)/latchkey-command
	$(call link,$(LIBS_protocol))

shared = $(call say,LD,$@)mkdir -p $(@D) && $(CC) $(ALL_CFLAGS) -shared -o $@ $(filter %.o,$^) $(filter %.a,$^) \
	-Wl,--version-script=$(1) $(ALL_LDFLAGS) $(2)
PAM_OBJECTS := $(patsubst %.c,$(B)/%.o,$(sort $(wildcard pam_module/*.c)))
NSS_OBJECTS := $(patsubst %.c,$(B)/%.o,$(sort $(wildcard nss_module/*.c)))
# The PAM module needs json-c, libqrencode and libpam, and reads the map as the NSS module does, which needs libc and
# nothing else.
$(B)/pam_latchkey.so: $(PAM_OBJECTS) $(B)/nss_module/map_reader.o $(call archives,protocol) pam_module/pam_latchkey.map
	$(call shared,pam_module/pam_latchkey.map,-Wl$(comma)--exclude-libs$(comma)ALL $(JSON_LIBS) $(QR_LIBS) $(PAM_LIBS))
# Zeroing the records that a lookup is about to fill costs as much as the lookup.
CFLAGS_nss_latchkey := $(call try,-ftrivial-auto-var-init=uninitialized) $(call try,-fno-plt)
CFLAGS_map_reader := $(CFLAGS_nss_latchkey)
# It is loaded into every process: no code that runs then, and two segments instead of four (a fifth of the first lookup).
comma := ,
NSS_LDFLAGS := -Wl,-soname,libnss_latchkey.so.2 -Wl,-z,nodelete $(if $(filter release,$(VARIANT)),-nostartfiles -Wl$(comma)-z$(comma)noseparate-code)
$(B)/libnss_latchkey.so.2: $(NSS_OBJECTS) nss_module/libnss_latchkey.map Makefile
	$(call shared,nss_module/libnss_latchkey.map,$(NSS_LDFLAGS))

# --- tests -----------------------------------------------------------------------------------------------------------
# tests/unit/LAYER/test_x.c is one program of cmocka tests, linked with LAYER and those below; other .c files of that
# folder are shared by its programs. LDFLAGS_test_x adds to the link of one (for --wrap, or a library).
LDFLAGS_test_server := $(SYSTEMD_LIBS)
LDFLAGS_test_signer := -Wl,--wrap=signing_key_open
LDFLAGS_test_signing_wiped := -Wl,--wrap=free
LDFLAGS_test_expel := $(foreach f,root_call_start root_call_free standing_read audit_write sd_event_add_time_relative,-Wl,--wrap=$(f))
LDFLAGS_test_notice := $(foreach f,standing_refuse recheck_start store_drop_pin,-Wl,--wrap=$(f))
LDFLAGS_test_remembered := -Wl,--wrap=recheck_start
LDFLAGS_test_presented := -Wl,--wrap=recheck_start,--wrap=audit_write,--wrap=audit_admit
LDFLAGS_test_recheck_unused := -Wl,--wrap=sd_event_add_time_relative
LDFLAGS_test_token_cache := -Wl,--wrap=clock_monotonic_ms,--wrap=clock_realtime_s
LDFLAGS_test_pin_hasher := -Wl,--wrap=crypt_rn
LDFLAGS_test_pins := -Wl,--wrap=crypt_rn
LDFLAGS_test_record := -Wl,--wrap=fsync
LDFLAGS_test_offline := -Wl,--wrap=crypt_rn,--wrap=recheck_start
UNIT_LAYERS := base protocol jose fetch vault oauth accounts login daemon root userdb setup doctor cli
WRAP_RECHECK := -Wl,--wrap=recheck_start,--wrap=recheck_free,--wrap=standing_read
LDFLAGS_test_account_check := $(WRAP_RECHECK),--wrap=sd_event_add_time_relative
LDFLAGS_test_attempt := $(WRAP_RECHECK)
LDFLAGS_test_directory_sync := $(WRAP_RECHECK)
LDFLAGS_test_local_account := $(WRAP_RECHECK)
LDFLAGS_test_service_phase := $(WRAP_RECHECK)
unit_tests = $(patsubst %.c,$(B)/%,$(sort $(wildcard tests/unit/$(1)/test_*.c)))
unit_shared = $(patsubst %.c,$(B)/%.o,$(filter-out tests/unit/$(1)/test_%,$(sort $(wildcard tests/unit/$(1)/*.c))))
define unit_rule
$(call unit_tests,$(1)): $(B)/tests/unit/$(1)/%: $(B)/tests/unit/$(1)/%.o $(call unit_shared,$(1)) $(call archives,$(1))
	$$(call link,$$(LDFLAGS_$$*) $(LIBS_$(1)) $(CMOCKA_LIBS))
unit-$(1): $(call unit_tests,$(1))
	$$(Q)tests/run --title "unit $(1)" $$^
endef
$(foreach l,$(UNIT_LAYERS),$(eval $(call unit_rule,$(l))))
# Set-up is killed as the store is.
$(B)/tests/unit/setup/test_record: $(B)/tests/unit/vault/killer.o
# latchkey-root judges what the helper's writer makes, and the NSS module finds it again.
$(call unit_tests,root): $(call archive,accounts) $(B)/nss_module/pack.o
$(B)/tests/unit/root/test_killed: $(addprefix $(B)/,nss_module/map_reader.o nss_module/pack.o tests/unit/nss_module/generations.o \
	tests/unit/nss_module/folder.o)
# latchkey-userdb reads what it makes.
$(call unit_tests,userdb): $(call archive,accounts) $(MAP_READER)
$(call unit_tests,doctor): $(MAP_READER)

# Modules: objects are linked into the tests where internals are tried; the built .so is tried by tests/module.
PAM_UNIT := $(patsubst %.c,$(B)/%,$(sort $(wildcard tests/unit/pam_module/test_*.c)))
NSS_UNIT := $(patsubst %.c,$(B)/%,$(sort $(wildcard tests/unit/nss_module/test_*.c)))
$(PAM_UNIT): $(B)/tests/unit/pam_module/%: $(B)/tests/unit/pam_module/%.o $(call unit_shared,pam_module) $(PAM_OBJECTS) $(call archives,accounts)
	$(call link,$(LDFLAGS_$*) $(LIBS_accounts) $(QR_LIBS) $(PAM_LIBS) $(CMOCKA_LIBS) -ldl)
$(NSS_UNIT): $(B)/tests/unit/nss_module/%: $(B)/tests/unit/nss_module/%.o $(call unit_shared,nss_module) $(NSS_OBJECTS) $(call archives,accounts)
	$(call link,$(LDFLAGS_$*) $(LIBS_accounts) $(CMOCKA_LIBS) -ldl)
UNIT := $(foreach l,$(UNIT_LAYERS),$(call unit_tests,$(l))) $(PAM_UNIT) $(NSS_UNIT)

# tests/fuzz/fuzz_x.c is a libFuzzer target; outside VARIANT=fuzz it replays tests/fuzz/corpus/x/.
FUZZ := $(patsubst %.c,$(B)/%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
FUZZ_SECONDS ?= 60
FUZZ_MAIN := $(if $(filter fuzz,$(VARIANT)),,$(B)/tests/fuzz/replay.o)
# The one for the PAM module stands in its surroundings, as its unit tests do.
FUZZ_PAM := $(B)/tests/fuzz/fuzz_conversation
$(FUZZ_PAM): $(B)/tests/fuzz/fuzz_conversation.o $(FUZZ_MAIN) $(call unit_shared,pam_module) $(PAM_OBJECTS) $(call archives,accounts)
	$(call link,$(if $(filter fuzz,$(VARIANT)),-fsanitize=fuzzer) $(LIBS_accounts) $(QR_LIBS) $(PAM_LIBS) $(CMOCKA_LIBS))
$(filter-out $(FUZZ_PAM),$(FUZZ)): $(B)/tests/fuzz/%: $(B)/tests/fuzz/%.o $(FUZZ_MAIN) $(filter-out %/nss_latchkey.o %/nss_enumerate.o,$(NSS_OBJECTS)) $(call archive,doctor) $(call archive,cli) $(call archive,setup) $(call archive,userdb) $(call archive,root) $(call archive,cli) $(call archives,daemon)
	$(call link,$(if $(filter fuzz,$(VARIANT)),-fsanitize=fuzzer) $(LIBS_daemon))

$(B)/tests/fuzz/fuzz_check: $(B)/tests/unit/root/slow_reader.o

BENCH := $(patsubst %.c,$(B)/%,$(sort $(wildcard tests/bench/bench_*.c)))
$(BENCH): $(B)/tests/bench/%: $(B)/tests/bench/%.o $(call archive,root) $(call archives,daemon)
	$(call link,$(LIBS_daemon) -ldl)
$(B)/tests/bench/bench_jose: $(B)/tests/unit/jose/make_token.o
# Run among the neighbours' libraries: libc alone. Zeroing its buffers would cost more than what it measures.
CFLAGS_lookups := $(CFLAGS_nss_latchkey)
CFLAGS_nss_constant := $(CFLAGS_nss_latchkey)
$(B)/tests/bench/lookups: $(B)/tests/bench/lookups.o
	$(call say,LD,$@)$(CC) $(ALL_CFLAGS) -pie -o $@ $< $(ALL_LDFLAGS)
$(B)/tests/bench/libnss_lkconst.so.2: $(B)/tests/bench/nss_constant.o
	$(call say,LD,$@)$(CC) $(ALL_CFLAGS) -shared -o $@ $< -Wl,-soname,libnss_lkconst.so.2 $(ALL_LDFLAGS)

# Helpers of module and system tests: small programs of their own.
TEST_PROGRAMS := $(patsubst %.c,$(B)/%,$(sort $(wildcard tests/module/*.c tests/system/*.c)))
TORTURE_OBJECTS := $(patsubst %.c,$(B)/%.o,$(sort $(wildcard tests/module/torture/*.c)))
$(B)/tests/module/nss_torture $(B)/tests/module/publish_crowd: $(TORTURE_OBJECTS)
$(B)/tests/module/error_table: $(B)/pam_module/verdict.o
$(TEST_PROGRAMS): $(B)/tests/%: $(B)/tests/%.o $(call archive,doctor) $(call archives,daemon)
	$(call link,$(LIBS_daemon) $(PAM_LIBS) $(CMOCKA_LIBS) -ldl)

unit: $(UNIT) $(FUZZ)
	$(Q)tests/run --title unit $(UNIT) $(FUZZ)

fuzz:
	$(Q)tests/fuzz/run-all $(FUZZ_SECONDS)

# The torture of make check, for longer.
torture: all $(TEST_PROGRAMS)
	$(Q)LK_BUILD=$(B) TORTURE_SECONDS=$(or $(SECONDS),600) tests/module/test_nss_torture

bench: all $(BENCH) $(TEST_PROGRAMS) $(B)/tests/bench/lookups $(B)/tests/bench/libnss_lkconst.so.2
	$(Q)tests/bench/run $(B)

deps:
	$(Q)packaging/install-dependencies build
deps-check:
	$(Q)packaging/install-dependencies test

# Everything is installed before make parses on, so the real work is done by a second make that finds it.
check: deps-check
	$(Q)$(MAKE) --no-print-directory VARIANT=$(VARIANT) check-built
check-built: all $(UNIT) $(FUZZ) $(TEST_PROGRAMS)
	$(Q)tests/run --all --variant $(VARIANT) $(UNIT) $(FUZZ)

demo: deps
	$(Q)$(MAKE) --no-print-directory VARIANT=$(VARIANT) demo-built
demo-built: all
	$(Q)tests/system/demo --build $(B)

lint: all
	$(Q)tests/lint/run $(B)

format:
	$(Q)clang-format -i $$(git ls-files '*.c' '*.h')

clean:
	rm -rf build

include packaging/install.mk

-include $(shell find $(B) -name '*.d' 2>/dev/null)
