/* SPDX-License-Identifier: MIT */
/* The one place where libcurl is told what it may do: HTTPS with a verified name, straight to the host that was
 * asked for, no redirect, no decoding, no state, nothing from the environment. Must never follow, store or log. */
#include "helper/fetch/exchange.h"

#include <errno.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "helper/base/clock.h"
#include "helper/base/secret.h"
#include "helper/base/text.h"
#include "helper/fetch/identity.h"
#include "helper/fetch/reply.h"

struct exchange {
	CURL *easy;
	struct url url;
	struct curl_slist *headers;
	struct curl_slist *pins;
	const char *body; /* of the request, borrowed */
	size_t body_len;
	size_t body_sent;
	struct reply reply;
	size_t *shared_bytes; /* held by all exchanges together */
	void *owner;
	char error[CURL_ERROR_SIZE];
};

/* --- memory ---------------------------------------------------------------------------------------------------------- */

/* libcurl copies header lines and bodies into buffers of its own. Its memory functions are ours, so that all of them
 * are wiped when they go. */
static void wiping_free(void *p)
{
	if (p != NULL)
		secret_wipe(p, malloc_usable_size(p));
	free(p);
}

static void *wiping_realloc(void *p, size_t size)
{
	size_t old_size = p != NULL ? malloc_usable_size(p) : 0;
	void *fresh;

	if (p != NULL && size <= old_size && size >= old_size / 2)
		return p;
	fresh = malloc(size);
	if (fresh == NULL || p == NULL)
		return fresh;
	memcpy(fresh, p, size < old_size ? size : old_size);
	wiping_free(p);
	return fresh;
}

int exchange_global_init(void)
{
	const curl_version_info_data *info;

	if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, wiping_free, wiping_realloc, strdup, calloc) != CURLE_OK)
		return -ENOMEM;
	info = curl_version_info(CURLVERSION_NOW);
	if ((info->features & CURL_VERSION_ASYNCHDNS) == 0 || (info->features & CURL_VERSION_SSL) == 0 ||
	    info->ssl_version == NULL || !text_has_prefix(info->ssl_version, "OpenSSL/"))
		return -ENOSYS;
	return 0;
}

/* --- callbacks ------------------------------------------------------------------------------------------------------- */

static size_t on_header(char *line, size_t size, size_t n, void *userdata)
{
	struct exchange *x = userdata;

	return reply_add_header(&x->reply, line, size * n, clock_realtime_s()) ? size * n : 0;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *userdata)
{
	struct exchange *x = userdata;

	if (*x->shared_bytes + size * n > EXCHANGE_SHARED_BYTES_MAX) {
		x->reply.fault = FETCH_OVERLOADED;
		x->reply.detail = "too many large replies at once";
		return 0;
	}
	if (!reply_add_body(&x->reply, bytes, size * n))
		return 0;
	*x->shared_bytes += size * n;
	return size * n;
}

/* libcurl falls back to the common name where a certificate has no alternative names (N4), so OpenSSL itself is told
 * whom to expect. It is also told to wipe what it has decrypted. */
static CURLcode on_tls(CURL *easy, void *context, void *userdata)
{
	struct exchange *x = userdata;
	X509_VERIFY_PARAM *param = SSL_CTX_get0_param(context);
	int good;

	(void)easy;
	(void)SSL_CTX_set_options(context, SSL_OP_CLEANSE_PLAINTEXT | SSL_OP_NO_RENEGOTIATION);
	X509_VERIFY_PARAM_set_hostflags(param,
					X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if (x->url.is_address)
		good = X509_VERIFY_PARAM_set1_ip_asc(param, x->url.host);
	else
		good = X509_VERIFY_PARAM_set1_host(param, x->url.host, 0);
	return good == 1 ? CURLE_OK : CURLE_SSL_CERTPROBLEM;
}

/* --- options --------------------------------------------------------------------------------------------------------- */

/* Keeps the first fault of a row of curl_easy_setopt() calls. */
static void keep(CURLcode *fault, CURLcode code)
{
	if (*fault == CURLE_OK)
		*fault = code;
}

static CURLcode set_transport(struct exchange *x, const struct fetch_profile *profile)
{
	CURLcode f = CURLE_OK;

	keep(&f, curl_easy_setopt(x->easy, CURLOPT_CURLU, x->url.parsed));
	keep(&f, curl_easy_setopt(x->easy, CURLOPT_PROTOCOLS_STR, x->url.is_https ? "https" : "http"));
	keep(&f, curl_easy_setopt(x->easy, CURLOPT_REDIR_PROTOCOLS_STR, "https"));
	keep(&f, curl_easy_setopt(x->easy, CURLOPT_FOLLOWLOCATION, 0L));
	keep(&f, curl_easy_setopt(x->easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED));
	keep(&f, curl_easy_setopt(x->easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L));
	keep(&f, curl_easy_setopt(x->easy, CURLOPT_PATH_AS_IS, 1L));
	keep(&f, curl_easy_setopt(x->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1));
	keep(&f, curl_easy_setopt(x->easy, CURLOPT_HTTP09_ALLOWED, 0L));
	keep(&f, curl_easy_setopt(x->easy, CURLOPT_HTTP_CONTENT_DECODING, 0L));
	keep(&f, curl_easy_setopt(x->easy, CURLOPT_HTTP_TRANSFER_DECODING, 1L));
	keep(&f, curl_easy_setopt(x->easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)FETCH_BODY_MAX));
	keep(&f, curl_easy_setopt(x->easy, CURLOPT_NOSIGNAL, 1L));
	/* Without this, giving up on a name would wait for a resolver that hangs (N7). */
	keep(&f, curl_easy_setopt(x->easy, CURLOPT_QUICK_EXIT, 1L));
	/* "" rather than nothing: nothing would mean the environment. Loopback is never sent to a proxy. */
	keep(&f, curl_easy_setopt(x->easy, CURLOPT_NOPROXY, ""));
	keep(&f,
	     curl_easy_setopt(x->easy, CURLOPT_PROXY, profile->proxy != NULL && x->url.is_https ? profile->proxy : ""));
	keep(&f, curl_easy_setopt(x->easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L));
	if (x->url.is_localhost) {
		char pin[64];

		(void)snprintf(pin, sizeof(pin), "localhost:%s:127.0.0.1,[::1]", x->url.port);
		x->pins = curl_slist_append(NULL, pin);
		if (x->pins == NULL)
			return CURLE_OUT_OF_MEMORY;
		keep(&f, curl_easy_setopt(x->easy, CURLOPT_RESOLVE, x->pins));
	}
	return f;
}

static CURLcode set_tls(struct exchange *x, const struct fetch_profile *profile)
{
	CURLcode f = CURLE_OK;

	keep(&f, curl_easy_setopt(x->easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2));
	keep(&f, curl_easy_setopt(x->easy, CURLOPT_SSL_VERIFYPEER, 1L));
	keep(&f, curl_easy_setopt(x->easy, CURLOPT_SSL_VERIFYHOST, 2L));
	keep(&f, curl_easy_setopt(x->easy, CURLOPT_SSL_CTX_FUNCTION, on_tls));
	keep(&f, curl_easy_setopt(x->easy, CURLOPT_SSL_CTX_DATA, x));
	/* One source named means that the others do not count. The parsed store is shared for a minute. */
	if (profile->ca_file != NULL || profile->ca_directory != NULL) {
		keep(&f, curl_easy_setopt(x->easy, CURLOPT_CAINFO, profile->ca_file));
		keep(&f, curl_easy_setopt(x->easy, CURLOPT_CAPATH, profile->ca_directory));
	}
	keep(&f, curl_easy_setopt(x->easy, CURLOPT_CA_CACHE_TIMEOUT, 60L));
	return f;
}

/* libcurl copies what it is shown and wipes its copies. Without a passphrase of our own OpenSSL would ask a terminal for one. */
static CURLcode set_identity(struct exchange *x, const struct fetch_identity *identity)
{
	struct curl_blob certificate = {
		.data = identity->certificate.data, .len = identity->certificate.len, .flags = CURL_BLOB_COPY};
	struct curl_blob key = {.data = identity->key.data, .len = identity->key.len, .flags = CURL_BLOB_COPY};
	CURLcode f = CURLE_OK;

	if (identity->key.len == 0)
		return CURLE_OK;
	keep(&f, curl_easy_setopt(x->easy, CURLOPT_SSLCERT_BLOB, &certificate));
	keep(&f, curl_easy_setopt(x->easy, CURLOPT_SSLKEY_BLOB, &key));
	keep(&f, curl_easy_setopt(x->easy, CURLOPT_KEYPASSWD, ""));
	return f;
}

static CURLcode add_header(struct exchange *x, const char *line)
{
	struct curl_slist *longer = curl_slist_append(x->headers, line);

	if (longer == NULL)
		return CURLE_OUT_OF_MEMORY;
	x->headers = longer;
	return CURLE_OK;
}

/* A body that libcurl asks for piece by piece, and that it cannot have again: else it would repeat a request by itself when a
 * connection that was kept open ends without an answer, and a refresh token that is shown twice is taken for stolen. */
static size_t on_send(char *out, size_t size, size_t n, void *userdata)
{
	struct exchange *x = userdata;
	size_t len = x->body_len - x->body_sent;

	if (len > size * n)
		len = size * n;
	memcpy(out, x->body + x->body_sent, len);
	x->body_sent += len;
	return len;
}

static CURLcode set_request(struct exchange *x, const struct fetch_request *request, uint32_t timeout_ms)
{
	CURLcode f = CURLE_OK;

	for (size_t i = 0; request->headers != NULL && request->headers[i] != NULL; i++)
		keep(&f, add_header(x, request->headers[i]));
	/* A wait for "100 Continue" would only add a round trip. */
	keep(&f, add_header(x, "Expect:"));
	keep(&f, curl_easy_setopt(x->easy, CURLOPT_HTTPHEADER, x->headers));
	keep(&f, curl_easy_setopt(x->easy, CURLOPT_USERAGENT, "latchkey/" LK_RELEASE));
	if (request->body != NULL) {
		x->body = request->body;
		x->body_len = request->body_len;
		keep(&f, curl_easy_setopt(x->easy, CURLOPT_POST, 1L));
		keep(&f, curl_easy_setopt(x->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_len));
		keep(&f, curl_easy_setopt(x->easy, CURLOPT_READFUNCTION, on_send));
		keep(&f, curl_easy_setopt(x->easy, CURLOPT_READDATA, x));
	} else {
		keep(&f, curl_easy_setopt(x->easy, CURLOPT_HTTPGET, 1L));
	}
	if (request->method != NULL)
		keep(&f, curl_easy_setopt(x->easy, CURLOPT_CUSTOMREQUEST, request->method));
	keep(&f, curl_easy_setopt(x->easy, CURLOPT_TIMEOUT_MS, (long)timeout_ms));
	keep(&f, curl_easy_setopt(x->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)timeout_ms));
	keep(&f, curl_easy_setopt(x->easy, CURLOPT_ERRORBUFFER, x->error));
	keep(&f, curl_easy_setopt(x->easy, CURLOPT_HEADERFUNCTION, on_header));
	keep(&f, curl_easy_setopt(x->easy, CURLOPT_HEADERDATA, x));
	keep(&f, curl_easy_setopt(x->easy, CURLOPT_WRITEFUNCTION, on_body));
	keep(&f, curl_easy_setopt(x->easy, CURLOPT_WRITEDATA, x));
	keep(&f, curl_easy_setopt(x->easy, CURLOPT_PRIVATE, x));
	return f;
}

int exchange_new(struct exchange **ret, const struct fetch_request *request, struct url *url, uint32_t timeout_ms,
		 size_t *shared_bytes, const char **detail)
{
	LK_CLEANUP(fetch_identity_done) struct fetch_identity identity = {.key = {0}};
	LK_CLEANUP(exchange_freep) struct exchange *x = NULL;
	CURLcode f;
	int r;

	r = fetch_identity_read(&identity, request->profile, detail);
	if (r < 0)
		return r;
	x = calloc(1, sizeof(*x));
	if (x == NULL)
		return -ENOMEM;
	reply_init(&x->reply);
	x->shared_bytes = shared_bytes;
	x->easy = curl_easy_init();
	if (x->easy == NULL)
		return -ENOMEM;
	x->url = *url;
	*url = (struct url){0};

	f = set_transport(x, request->profile);
	keep(&f, set_tls(x, request->profile));
	keep(&f, set_identity(x, &identity));
	keep(&f, set_request(x, request, timeout_ms));
	/* Everything was checked before, and an option that this libcurl does not know must not be passed over. */
	if (f != CURLE_OK)
		return f == CURLE_OUT_OF_MEMORY ? -ENOMEM : -ENOSYS;
	*ret = LK_STEAL(x);
	return 0;
}

void exchange_free(struct exchange *x)
{
	if (x == NULL)
		return;
	curl_easy_cleanup(x->easy);
	for (struct curl_slist *h = x->headers; h != NULL; h = h->next)
		secret_wipe(h->data, strlen(h->data));
	curl_slist_free_all(x->headers);
	curl_slist_free_all(x->pins);
	url_done(&x->url);
	*x->shared_bytes -= x->reply.body.len;
	reply_done(&x->reply);
	free(x);
}

CURL *exchange_handle(struct exchange *x)
{
	return x->easy;
}

void exchange_set_owner(struct exchange *x, void *owner)
{
	x->owner = owner;
}

void *exchange_owner(CURL *handle)
{
	char *private_data = NULL;

	if (curl_easy_getinfo(handle, CURLINFO_PRIVATE, &private_data) != CURLE_OK || private_data == NULL)
		return NULL;
	return ((struct exchange *)(void *)private_data)->owner;
}

/* --- the verdict ----------------------------------------------------------------------------------------------------- */

static enum fetch_outcome outcome_of(CURLcode code)
{
	static const struct {
		CURLcode code;
		enum fetch_outcome outcome;
	} table[] = {
		{CURLE_OPERATION_TIMEDOUT, FETCH_TIMEOUT},
		{CURLE_COULDNT_RESOLVE_PROXY, FETCH_UNREACHABLE},
		{CURLE_COULDNT_RESOLVE_HOST, FETCH_UNREACHABLE},
		{CURLE_COULDNT_CONNECT, FETCH_UNREACHABLE},
		{CURLE_SEND_ERROR, FETCH_BROKEN},
		{CURLE_RECV_ERROR, FETCH_BROKEN},
		{CURLE_GOT_NOTHING, FETCH_BROKEN},
		{CURLE_SEND_FAIL_REWIND, FETCH_BROKEN},
		{CURLE_PROXY, FETCH_UNREACHABLE},
		{CURLE_SSL_CONNECT_ERROR, FETCH_TLS},
		{CURLE_SSL_CERTPROBLEM, FETCH_TLS},
		/* It wants a certificate, or another one; with TLS 1.3 it says so after the request, which it never read. */
		{CURLE_SSL_CLIENTCERT, FETCH_TLS},
		{CURLE_SSL_CIPHER, FETCH_TLS},
		{CURLE_PEER_FAILED_VERIFICATION, FETCH_TLS},
		{CURLE_SSL_CACERT_BADFILE, FETCH_TLS},
		{CURLE_SSL_ISSUER_ERROR, FETCH_TLS},
		{CURLE_SSL_INVALIDCERTSTATUS, FETCH_TLS},
		{CURLE_SSL_SHUTDOWN_FAILED, FETCH_TLS},
		{CURLE_FILESIZE_EXCEEDED, FETCH_TOO_LARGE},
		/* libcurl 7.88 says so of a header line that outgrows its buffer. */
		{CURLE_OUT_OF_MEMORY, FETCH_TOO_LARGE},
		{CURLE_UNSUPPORTED_PROTOCOL, FETCH_BAD_REPLY},
		{CURLE_URL_MALFORMAT, FETCH_NOT_ALLOWED},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (table[i].code == code)
			return table[i].outcome;
	}
	return FETCH_BAD_REPLY;
}

/* Without a proxy's tunnel, or before the end of a handshake, nothing of the request has gone out. */
static bool was_begun(const struct exchange *x)
{
	curl_off_t usec = 0;

	return curl_easy_getinfo(x->easy, CURLINFO_PRETRANSFER_TIME_T, &usec) != CURLE_OK || usec > 0;
}

static enum fetch_outcome failure(const struct exchange *x, CURLcode code, char *detail)
{
	enum fetch_outcome outcome = outcome_of(code);
	const char *text = curl_easy_strerror(code);

	if (outcome == FETCH_BROKEN && !was_begun(x))
		outcome = FETCH_UNREACHABLE;
	if (x->reply.fault != FETCH_DONE) {
		outcome = x->reply.fault;
		text = x->reply.detail;
	} else if (x->error[0] != '\0' && (outcome == FETCH_UNREACHABLE || outcome == FETCH_BROKEN ||
					   outcome == FETCH_TLS || outcome == FETCH_TIMEOUT)) {
		/* Of hosts, ports and certificates; for the other outcomes libcurl may quote the reply. */
		text = x->error;
	}
	text_sanitise(detail, WIRE_DETAIL_MAX + 1, text, strlen(text), false);
	return outcome;
}

enum fetch_outcome exchange_result(struct exchange *x, CURLcode code, struct fetch_reply *ret_reply, char *detail)
{
	long status = 0;

	if (code != CURLE_OK || x->reply.fault != FETCH_DONE)
		return failure(x, code, detail);
	if (curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK || status < 200 || status > 999)
		return failure(x, CURLE_WEIRD_SERVER_REPLY, detail);
	detail[0] = '\0';
	*ret_reply = (struct fetch_reply){
		.status = (unsigned)status,
		.content_type = x->reply.content_type,
		.date_s = x->reply.date_s,
		.retry_after_s = x->reply.retry_after_s,
		.body = x->reply.body.data != NULL ? x->reply.body.data : "",
		.body_len = x->reply.body.len,
	};
	return FETCH_DONE;
}
