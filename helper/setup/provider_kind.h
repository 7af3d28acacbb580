/* SPDX-License-Identifier: MIT */
#pragma once

/* What set-up knows of providers by themselves: which one an issuer is of, and which of its settings lets a client use the
 * device grant. */

struct provider_kind {
	const char *dialect; /* of latchkey.conf; its page is docs/providers/DIALECT.md */
	const char *host;    /* the issuer's, or what it ends in where it begins with a dot; NULL: see path */
	const char *path;    /* stands in the issuer's path; NULL: see host */
	const char *mend;    /* the setting, in the provider's own words */
};

/** provider_kind_of() - by the issuer; never NULL: "generic" where none fits */
const struct provider_kind *provider_kind_of(const char *issuer);

/** provider_kind_find() - by the dialect's name; NULL: none */
const struct provider_kind *provider_kind_find(const char *dialect);
