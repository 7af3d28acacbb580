/* SPDX-License-Identifier: MIT */
#pragma once

/* What the standards print as examples, byte for byte. Key sets are wrapped in {"keys":[...]} without private parts
 * where the standard shows a single key. */

/* RFC 7515, appendix A and E: HS256, RS256, ES256, ES512, none, and the JSON serialisations */
extern const char rfc7515_a1_token[];
extern const char rfc7515_a2_token[];
extern const char rfc7515_a2_keys[];
extern const char rfc7515_a3_token[];
extern const char rfc7515_a3_keys[];
extern const char rfc7515_a4_token[];
extern const char rfc7515_a4_keys[];
extern const char rfc7515_a5_token[];
extern const char rfc7515_a6_text[];
extern const char rfc7515_a7_text[];
extern const char rfc7515_appendix_e_token[];

/* RFC 7517, appendix A: a public set, a private one, a symmetric one */
extern const char rfc7517_a1_keys[];
extern const char rfc7517_a2_keys[];
extern const char rfc7517_a3_keys[];

/* RFC 7520: the public keys of sections 3.1 and 3.3, which share a kid; RS256, PS384, ES512, HS256; a JWE */
extern const char rfc7520_3_keys[];
extern const char rfc7520_4_1_token[];
extern const char rfc7520_4_2_token[];
extern const char rfc7520_4_3_token[];
extern const char rfc7520_4_4_token[];
extern const char rfc7520_5_1_token[];

/* RFC 7797 section 4.2: HS256 over an unencoded payload, detached */
extern const char rfc7797_4_2_token[];

/* RFC 8037, appendix A: Ed25519 */
extern const char rfc8037_a2_keys[];
extern const char rfc8037_a4_token[];
