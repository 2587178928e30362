// A temporary certificate authority with GnuTLS, which is loaded on first use (libmicrohttpd depends on it).
#pragma once
#include <stddef.h>
#include <stdint.h>

/// Loads GnuTLS once. Returns NULL on success, or an error message. Safe to call from any thread.
const char *_Nullable gnutls_open(void);

/// A key and its certificate, for an authority or a server.
struct rd_identity;

/// The content of a certificate: the name of its subject, its hosts separated by spaces, and its validity in seconds since 1970.
struct rd_certificate_request {
    const char *_Nonnull name;
    const char *_Nonnull hosts;
    int64_t from, until;
};

/// Creates a key (ECDSA, P-256) and a certificate that is signed by `issuer`, or self-signed for an authority. On failure, returns
/// NULL and stores the GnuTLS error code in `failure`.
struct rd_identity *_Nullable rd_identity_create(const struct rd_certificate_request *_Nonnull request,
                                                 const struct rd_identity *_Nullable issuer, int *_Nonnull failure);
void rd_identity_free(struct rd_identity *_Nonnull identity);

enum rd_export { rd_export_certificate_pem, rd_export_certificate_der, rd_export_key_pem };
/// Writes at most `*size` bytes and sets `*size` to the number of bytes. If the buffer is too small, the result is negative.
int rd_identity_export(const struct rd_identity *_Nonnull identity, enum rd_export what, void *_Nonnull buffer,
                       size_t *_Nonnull size);
const char *_Nonnull rd_gnutls_message(int failure);
/// Computes the SHA-1 hash (20 bytes) of the input, which Java key stores require.
int rd_sha1(const void *_Nonnull bytes, size_t count, void *_Nonnull digest);

enum rd_key_kind { rd_key_other, rd_key_rsa, rd_key_ec };
/// Signs bytes with a private key (PEM, without password) for RS256 or ES256. If `bytes` is NULL, only determines the type of the
/// key. A negative result is a GnuTLS error code.
int rd_sign(const char *_Nonnull pem, size_t pem_count, const void *_Nullable bytes, size_t count,
            enum rd_key_kind *_Nonnull kind, unsigned char *_Nullable signature, size_t *_Nullable size);
