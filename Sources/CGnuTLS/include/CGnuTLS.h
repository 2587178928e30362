// A throw-away certificate authority over GnuTLS, which is opened when it is first used (libmicrohttpd brings it along).
#pragma once
#include <stddef.h>
#include <stdint.h>

/// Opens GnuTLS once. Returns NULL, or what went wrong. Safe to call from any thread.
const char *_Nullable gnutls_open(void);

/// A key and a certificate that belong together; of an authority, or of a server.
struct rd_identity;

/// What a certificate says: its owner's name, the hosts it is for, separated by spaces, and seconds since 1970.
struct rd_certificate_request {
    const char *_Nonnull name;
    const char *_Nonnull hosts;
    int64_t from, until;
};

/// Makes a key (ECDSA, P-256) and a certificate for it, signed by `issuer`, or by itself for an authority. On failure NULL, and
/// GnuTLS's error code in `failure`.
struct rd_identity *_Nullable rd_identity_create(const struct rd_certificate_request *_Nonnull request,
                                                 const struct rd_identity *_Nullable issuer, int *_Nonnull failure);
void rd_identity_free(struct rd_identity *_Nonnull identity);

enum rd_export { rd_export_certificate_pem, rd_export_certificate_der, rd_export_key_pem };
/// Writes at most `*size` bytes and sets `*size` to the number written, or needed where that was too few (a negative result).
int rd_identity_export(const struct rd_identity *_Nonnull identity, enum rd_export what, void *_Nonnull buffer,
                       size_t *_Nonnull size);
const char *_Nonnull rd_gnutls_message(int failure);
/// The SHA-1 of some bytes, 20 bytes long: Java's key stores have it.
int rd_sha1(const void *_Nonnull bytes, size_t count, void *_Nonnull digest);

enum rd_key_kind { rd_key_other, rd_key_rsa, rd_key_ec };
/// Signs bytes with a private key (PEM, no password) as RS256 and ES256 have it; the key's kind alone where `bytes` is NULL. A
/// negative result is GnuTLS's error code.
int rd_sign(const char *_Nonnull pem, size_t pem_count, const void *_Nullable bytes, size_t count,
            enum rd_key_kind *_Nonnull kind, unsigned char *_Nullable signature, size_t *_Nullable size);
