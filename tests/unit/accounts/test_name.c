/* SPDX-License-Identifier: MIT */
/* Threats I1 to I4, L23, R1 and R3: which names can be, and what becomes of a claim. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "helper/accounts/name.h"
#include "helper/accounts/name_reserved.h"

static void valid_names(void **state)
{
	static const char *const names[] = {"a",   "_",  "_a",     "alice", "a-b",
					    "a_b", "a1", "alice-", "a--b",  "abcdefghijklmnopqrstuvwxyz012345"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_true(name_is_valid(names[i], false, false));
	assert_true(name_is_valid("a.b", true, false));
	assert_true(name_is_valid("a@b", false, true));
	assert_true(name_is_valid("a.b@c.d", true, true));
}

/* R1, R3, I2, I3 */
static void naughty_names(void **state)
{
	static const char *const names[] = {
		"",
		" ",
		"Alice",
		"ALICE",
		"aliCe",
		"alice ",
		" alice",
		"alice\t",
		"alice\n",
		"alice\nroot",
		"alice.",
		".alice",
		".",
		"..",
		"../etc/passwd",
		"alice/",
		"a/b",
		"alice:x",
		"root:x:0:0",
		"0",
		"0alice",
		"123",
		"4294967295",
		"-",
		"-alice",
		"-rf",
		"--help",
		"@",
		"@alice",
		"alice@",
		"alice@evil@good",
		"+",
		"+alice",
		"*",
		"~",
		"%s",
		"%n%n%n",
		"alice%u",
		"$(id)",
		"`id`",
		"$HOME",
		"a;b",
		"a|b",
		"a&b",
		"a'b",
		"a\"b",
		"a\\b",
		"' OR 1=1--",
		"<script>",
		"{}",
		"[]",
		"a,b",
		"a=b",
		"a#b",
		"a!b",
		"a?b",
		"\x01",
		"alice\x7f",
		"\x1b[31malice",
		"alice\x80",
		"\xff\xfe",
		"al\xc3\xad"
		"ce", /* i acute */
		"al\xc4\xb1"
		"ce",                  /* Turkish dotless i */
		"stra\xc3\x9f\x65",    /* sharp s */
		"\xef\xbd\x81lice",    /* fullwidth a */
		"\xd0\xb0lice",        /* Cyrillic a */
		"ali\xef\xac\x81",     /* ligature fi */
		"ali\xcc\x81\x63\x65", /* combining acute */
		"al\xe2\x80\x8dice",   /* zero-width joiner */
		"\xe2\x80\xae"
		"alice",                             /* right-to-left override */
		"\xef\xbb\xbf\x61lice",              /* byte order mark */
		"abcdefghijklmnopqrstuvwxyz0123456", /* 33 */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (name_is_valid(names[i], true, true))
			fail_msg("accepted: %s", names[i]);
	}
	assert_false(name_is_valid("a.b", false, true));
	assert_false(name_is_valid("a@b", true, false));
}

/* Every byte at every place of a short name, against the grammar in another form. */
static void each_byte(void **state)
{
	(void)state;
	for (int at = 0; at < 3; at++) {
		for (int byte = 1; byte < 256; byte++) {
			char name[4] = "aaa";
			bool good;

			name[at] = (char)byte;
			good = strchr(at == 0 ? "abcdefghijklmnopqrstuvwxyz_"
					      : "abcdefghijklmnopqrstuvwxyz_0123456789-",
				      byte);
			assert_int_equal(name_is_valid(name, false, false), good);
			good = good || (at == 1 && (byte == '.' || byte == '@'));
			assert_int_equal(name_is_valid(name, true, true), good);
		}
	}
}

static void long_name(void **state)
{
	static char name[65537];

	(void)state;
	memset(name, 'a', sizeof(name) - 1);
	assert_false(name_is_valid(name, true, true));
	name[33] = '\0';
	assert_false(name_is_valid(name, true, true));
	name[32] = '\0';
	assert_true(name_is_valid(name, true, true));
}

/* I1, L23 */
static void reserved_names(void **state)
{
	static const char *const names[] = {"root",
					    "daemon",
					    "nobody",
					    "sshd",
					    "systemd-resolve",
					    "_apt",
					    "sudo",
					    "wheel",
					    "docker",
					    "latchkey",
					    "latchkey-fetch",
					    "lxd",
					    "shadow",
					    "disk",
					    "adm",
					    "systemd-x-future",
					    "messagebus",
					    "kvm"};
	char carol[] = "carol";
	char *more[] = {carol, NULL};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_true(name_is_reserved(names[i], NULL));
	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
		assert_true(i == 0 || strcmp(reserved[i - 1], reserved[i]) < 0);
		assert_true(name_is_reserved(reserved[i], NULL));
	}
	assert_false(name_is_reserved("alice", NULL));
	assert_false(name_is_reserved("rooty", NULL));
	assert_false(name_is_reserved("systemd", NULL));
	assert_false(name_is_reserved("alice", more));
	assert_true(name_is_reserved("carol", more));
}

static int from(const char *claim, const struct name_rule *rule, char *out)
{
	char why[128] = "";
	int r = name_from_claim(out, claim, strlen(claim), rule, why);

	if (r != 0)
		assert_true(why[0] != '\0');
	return r;
}

static void plain_rule(void **state)
{
	const struct name_rule rule = {0};
	char out[NAME_MAX_LEN + 1] = "before";

	(void)state;
	assert_int_equal(from("alice", &rule, out), 0);
	assert_string_equal(out, "alice");
	assert_true(from("alice@good.example", &rule, out) < 0);
	assert_true(from("Alice", &rule, out) < 0);
	assert_true(from("alice.b", &rule, out) < 0);
	assert_true(from("", &rule, out) < 0);
	/* untouched by refusals */
	assert_string_equal(out, "alice");
}

/* I4 */
static void strip_domains(void **state)
{
	char good[] = "good.example";
	char *domains[] = {good, NULL};
	char *none[] = {NULL};
	struct name_rule rule = {.strip_domains = domains, .allow_at = true, .allow_dot = true};
	static const char *const refused[] = {
		"alice@evil.example",
		"alice@evil.example@good.example",
		"alice@good.example@evil.example",
		"alice@GOOD.example",
		"alice@good.example.",
		"alice@good.exampl",
		"alice@sub.good.example",
		"alice@xgood.example",
		"alice@",
		"@good.example",
		"alice@good.example\n",
		"alice@@good.example",
		"alice",
	};
	char out[NAME_MAX_LEN + 1] = "";

	(void)state;
	assert_int_equal(from("alice@good.example", &rule, out), 0);
	assert_string_equal(out, "alice");
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		assert_true(from(refused[i], &rule, out) < 0);
	rule.strip_domains = none;
	assert_true(from("alice@good.example", &rule, out) < 0);
}

static void affixes(void **state)
{
	char prefix[] = "ad-", suffix[] = ".x";
	struct name_rule rule = {.prefix = prefix, .suffix = suffix, .allow_dot = true};
	char out[NAME_MAX_LEN + 1] = "";

	(void)state;
	assert_int_equal(from("alice", &rule, out), 0);
	assert_string_equal(out, "ad-alice.x");
	assert_true(name_fits_rule("ad-alice.x", &rule));
	assert_true(name_fits_rule("ad-a.x", &rule));
	assert_false(name_fits_rule("ad-.x", &rule));
	assert_false(name_fits_rule("alice.x", &rule));
	assert_false(name_fits_rule("ad-alice", &rule));
	assert_false(name_fits_rule("xad-alice.x", &rule));
	/* 27 fit between prefix and suffix, 28 do not */
	assert_int_equal(from("abcdefghijklmnopqrstuvwxyz0", &rule, out), 0);
	assert_int_equal(strlen(out), NAME_MAX_LEN);
	assert_true(from("abcdefghijklmnopqrstuvwxyz01", &rule, out) < 0);
	rule.allow_dot = false;
	assert_true(from("alice", &rule, out) < 0);
	assert_false(name_fits_rule("ad-alice.x", &rule));
}

/* An affix with '@' and a claim with '@' cannot both be. */
static void at_in_suffix(void **state)
{
	char suffix[] = "@corp";
	const struct name_rule rule = {.suffix = suffix, .allow_at = true};
	char out[NAME_MAX_LEN + 1] = "";

	(void)state;
	assert_int_equal(from("alice", &rule, out), 0);
	assert_string_equal(out, "alice@corp");
	assert_true(from("alice@evil", &rule, out) < 0);
}

/* A zero byte inside, and every cut of a good claim: a name or a reason, never a name that does not fit its rule. */
static void bytes_and_cuts(void **state)
{
	char good[] = "good.example", why[128];
	char *domains[] = {good, NULL};
	const struct name_rule plain = {0}, stripping = {.strip_domains = domains};
	static const char claim[] = "alice@good.example";
	char out[NAME_MAX_LEN + 1];

	(void)state;
	assert_true(name_from_claim(out, "ali\0ce", 6, &plain, why) < 0);
	assert_true(name_from_claim(out, "alice\0", 6, &plain, why) < 0);
	assert_true(name_from_claim(out, "alice@good.example\0", 19, &stripping, why) < 0);
	for (size_t len = 0; len < sizeof(claim) - 1; len++)
		assert_true(name_from_claim(out, claim, len, &stripping, why) < 0);
	assert_int_equal(name_from_claim(out, claim, sizeof(claim) - 1, &stripping, why), 0);
	for (size_t len = 1; len <= 5; len++) {
		assert_int_equal(name_from_claim(out, claim, len, &plain, why), 0);
		assert_int_equal(strlen(out), len);
		assert_true(name_fits_rule(out, &plain));
	}
}

/* Different claims never meet in one name (I2, I4): each rule is undone by cutting its affixes. */
static void injective(void **state)
{
	static const char *const claims[] = {"alice",
					     "alice-",
					     "alice_",
					     "aalice",
					     "alicee",
					     "a",
					     "b",
					     "alice@good.example",
					     "alicee@good.example",
					     "x-alice",
					     "x-x-alice"};
	char good[] = "good.example", prefix[] = "x-", suffix[] = "-x";
	char *domains[] = {good, NULL};
	const struct name_rule rules[] = {{0},
					  {.prefix = prefix},
					  {.suffix = suffix},
					  {.prefix = prefix, .suffix = suffix},
					  {.strip_domains = domains}};

	(void)state;
	for (size_t r = 0; r < sizeof(rules) / sizeof(rules[0]); r++) {
		char names[sizeof(claims) / sizeof(claims[0])][NAME_MAX_LEN + 1];
		size_t n = 0;

		for (size_t i = 0; i < sizeof(claims) / sizeof(claims[0]); i++) {
			if (from(claims[i], &rules[r], names[n]) != 0)
				continue;
			for (size_t j = 0; j < n; j++)
				assert_string_not_equal(names[j], names[n]);
			n++;
		}
		assert_true(n >= 2);
	}
}

/*
 * I2, I3, I4: what a provider may send, through each kind of rule. One spelling of a name makes it; every other is refused
 * and never folded, so that no second identity can ever mean the same account.
 */
static void spellings(void **state)
{
	static const struct {
		const char *core; /* before the domain, where there is one */
		bool is_good;
	} rows[] = {
		{"alice", true},
		{"al\x69"
		 "ce",
		 true}, /* al\u0069ce is these bytes when JSON was read */
		{"Alice", false},
		{"ALICE", false},
		{"alicE", false},
		{"alice ", false},
		{" alice", false},
		{"alice\t", false},
		{"alice\xc2\xa0", false}, /* no-break space */
		{"alice.", false},
		{".alice", false},
		{"alice\\", false},
		{"al\xc4\xb1"
		 "ce",
		 false}, /* Turkish dotless i */
		{"AL\xc4\xb0"
		 "CE",
		 false}, /* and dotted I */
		{"stra\xc3\x9f\x65", false},
		{"\xef\xbd\x81\xef\xbd\x8c\xef\xbd\x89\xef\xbd\x83\xef\xbd\x85", false}, /* fullwidth */
		{"\xd0\xb0lice", false},                                                 /* Cyrillic a */
		{"\xce\xb1lice", false},                                                 /* Greek alpha */
		{"alic\xc3\xa9", false},                                                 /* NFC */
		{"alice\xcc\x81", false},                                                /* NFD */
		{"ali\xef\xac\x81", false},                                              /* ligature fi */
		{"al\xe2\x80\x8d\x69\x63\x65", false},                                   /* zero-width joiner */
		{"al\xe2\x80\x8b\x69\x63\x65", false},                                   /* zero-width space */
		{"\xe2\x80\xae\x61lice", false},                                         /* right-to-left override */
		{"alice\xe2\x80\xa4", false},                                            /* one dot leader, for a dot */
		{"alice\xef\xbc\xa0", false},                                            /* fullwidth at sign */
		{"al\xc0\xa9\x63\x65", false},                                           /* overlong */
		{"al\xff\x63\x65", false},
		{"alice%40x", false},
		{"alice+x", false},
		{"EXAMPLE\\alice", false},
		{"cn=alice", false},
		{"0", false},
		{"1000", false},
		{"-alice", false},
	};
	char good[] = "good.example", prefix[] = "ad-", suffix[] = "-x";
	char *domains[] = {good, NULL};
	const struct name_rule rules[] = {
		{0},
		{.strip_domains = domains},
		{.strip_domains = domains, .allow_dot = true, .allow_at = true},
		{.prefix = prefix, .allow_dot = true},
		{.suffix = suffix, .allow_at = true},
	};

	(void)state;
	for (size_t r = 0; r < sizeof(rules) / sizeof(rules[0]); r++) {
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			char claim[128], out[NAME_MAX_LEN + 1] = "";
			bool digits = rows[i].core[0] == '0' || rows[i].core[0] == '1' || rows[i].core[0] == '-';

			/* behind a prefix or before a suffix some of these are names of their own */
			if ((rules[r].prefix && (digits || rows[i].core[0] == '.')) ||
			    (rules[r].suffix && strcmp(rows[i].core, "alice.") == 0))
				continue;
			snprintf(claim, sizeof(claim), "%s%s", rows[i].core,
				 rules[r].strip_domains ? "@good.example" : "");
			if ((from(claim, &rules[r], out) == 0) != rows[i].is_good)
				fail_msg("rule %zu, row %zu: %s", r, i, out);
		}
	}
}

/* I4: whatever surrounds the one domain, it is no other domain's alice. */
static void domains(void **state)
{
	static const char *const refused[] = {
		"alice@evil.example",
		"alice@evil.example@good.example",
		"alice@good.example@evil.example",
		"alice@good.example.evil.example",
		"alice@evilgood.example",
		"alice@good.example.",
		"alice@.good.example",
		"alice@good.example/",
		"alice@good.example\\@evil.example",
		"\"alice@evil.example\"@good.example",
		"alice%good.example@evil.example",
		"alice@good.example ",
		"alice@ good.example",
		"alice@GOOD.EXAMPLE",
		"alice@g\xd0\xbe\xd0\xbe\x64.example", /* Cyrillic o */
		"alice@good\xe3\x80\x82\x65xample",    /* ideographic full stop */
		"alice@xn--god-tna.example",
		"alice",
		"@good.example",
	};
	char good[] = "good.example";
	char *list[] = {good, NULL};
	const struct name_rule rule = {.strip_domains = list, .allow_dot = true, .allow_at = true};
	char out[NAME_MAX_LEN + 1] = "";

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (from(refused[i], &rule, out) == 0)
			fail_msg("%s made %s", refused[i], out);
	assert_int_equal(from("alice@good.example", &rule, out), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(valid_names),    cmocka_unit_test(naughty_names),  cmocka_unit_test(each_byte),
		cmocka_unit_test(long_name),      cmocka_unit_test(reserved_names), cmocka_unit_test(plain_rule),
		cmocka_unit_test(strip_domains),  cmocka_unit_test(affixes),        cmocka_unit_test(at_in_suffix),
		cmocka_unit_test(bytes_and_cuts), cmocka_unit_test(injective),      cmocka_unit_test(spellings),
		cmocka_unit_test(domains),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
