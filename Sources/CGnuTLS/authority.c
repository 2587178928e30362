#include "CGnuTLS.h"
#include "CLibraryLoader.h"
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __APPLE__
#define LIBRARY "libgnutls.30.dylib"
#else
#define LIBRARY "libgnutls.so.30"
#endif

#define EACH_FUNCTION(F) \
    F(gnutls_x509_privkey_init) F(gnutls_x509_privkey_generate) F(gnutls_x509_privkey_deinit) \
    F(gnutls_x509_privkey_export) F(gnutls_x509_crt_init) F(gnutls_x509_crt_deinit) F(gnutls_x509_crt_set_version) \
    F(gnutls_x509_crt_set_serial) F(gnutls_x509_crt_set_activation_time) F(gnutls_x509_crt_set_expiration_time) \
    F(gnutls_x509_crt_set_dn_by_oid) F(gnutls_x509_crt_set_key) F(gnutls_x509_crt_set_basic_constraints) \
    F(gnutls_x509_crt_set_key_usage) F(gnutls_x509_crt_set_key_purpose_oid) \
    F(gnutls_x509_crt_set_subject_alt_name) F(gnutls_x509_crt_set_subject_key_id) \
    F(gnutls_x509_crt_set_authority_key_id) F(gnutls_x509_crt_get_key_id) F(gnutls_x509_crt_sign2) \
    F(gnutls_x509_crt_export) F(gnutls_rnd) F(gnutls_strerror) F(gnutls_hash_fast) \
    F(gnutls_privkey_init) F(gnutls_privkey_deinit) F(gnutls_privkey_import_x509_raw) F(gnutls_privkey_get_pk_algorithm) \
    F(gnutls_privkey_sign_data) F(gnutls_decode_rs_value)

RD_FUNCTIONS(EACH_FUNCTION)

static const char *outcome;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void open_library(void) {
    outcome = RD_LOAD(LIBRARY, "");
}

const char *gnutls_open(void) {
    pthread_once(&once, open_library);
    return outcome;
}

struct rd_identity {
    gnutls_x509_privkey_t key;
    gnutls_x509_crt_t certificate;
};

// Returns from the enclosing function with the error code if a call fails.
#define CHECKED(call) \
    do { \
        int result = (call); \
        if (result < 0) return result; \
    } while (0)

static int set_key_identifiers(gnutls_x509_crt_t certificate, gnutls_x509_crt_t issuer) {
    unsigned char identifier[64];
    size_t size = sizeof identifier;
    CHECKED(p_gnutls_x509_crt_get_key_id(certificate, 0, identifier, &size));
    CHECKED(p_gnutls_x509_crt_set_subject_key_id(certificate, identifier, size));
    size = sizeof identifier;
    CHECKED(p_gnutls_x509_crt_get_key_id(issuer, 0, identifier, &size));
    return p_gnutls_x509_crt_set_authority_key_id(certificate, identifier, size);
}

static int fill(struct rd_identity *identity, const struct rd_certificate_request *request,
                const struct rd_identity *issuer) {
    gnutls_x509_crt_t certificate = identity->certificate;
    unsigned char serial[16];
    CHECKED(p_gnutls_x509_privkey_generate(identity->key, GNUTLS_PK_ECDSA,
                                           GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0));
    CHECKED(p_gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof serial));
    serial[0] = (serial[0] & 0x7F) | 1;
    CHECKED(p_gnutls_x509_crt_set_version(certificate, 3));
    CHECKED(p_gnutls_x509_crt_set_serial(certificate, serial, sizeof serial));
    CHECKED(p_gnutls_x509_crt_set_activation_time(certificate, request->from));
    CHECKED(p_gnutls_x509_crt_set_expiration_time(certificate, request->until));
    CHECKED(p_gnutls_x509_crt_set_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0, request->name,
                                            strlen(request->name)));
    CHECKED(p_gnutls_x509_crt_set_key(certificate, identity->key));
    CHECKED(p_gnutls_x509_crt_set_basic_constraints(certificate, issuer == NULL, -1));
    CHECKED(p_gnutls_x509_crt_set_key_usage(
        certificate, issuer ? GNUTLS_KEY_DIGITAL_SIGNATURE : GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN));
    if (issuer) CHECKED(p_gnutls_x509_crt_set_key_purpose_oid(certificate, GNUTLS_KP_TLS_WWW_SERVER, 0));
    for (const char *host = request->hosts; *host; host += strspn(host, " ")) {
        size_t size = strcspn(host, " ");
        CHECKED(p_gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_DNSNAME, host, size, GNUTLS_FSAN_APPEND));
        host += size;
    }
    const struct rd_identity *signer = issuer ? issuer : identity;
    CHECKED(set_key_identifiers(certificate, signer->certificate));
    return p_gnutls_x509_crt_sign2(certificate, signer->certificate, signer->key, GNUTLS_DIG_SHA256, 0);
}

struct rd_identity *rd_identity_create(const struct rd_certificate_request *request, const struct rd_identity *issuer,
                                       int *failure) {
    struct rd_identity *identity = calloc(1, sizeof *identity);
    *failure = GNUTLS_E_MEMORY_ERROR;
    if (!identity) return NULL;
    *failure = p_gnutls_x509_privkey_init(&identity->key);
    if (*failure >= 0) *failure = p_gnutls_x509_crt_init(&identity->certificate);
    if (*failure >= 0) *failure = fill(identity, request, issuer);
    if (*failure >= 0) return identity;
    rd_identity_free(identity);
    return NULL;
}

void rd_identity_free(struct rd_identity *identity) {
    if (identity->certificate) p_gnutls_x509_crt_deinit(identity->certificate);
    if (identity->key) p_gnutls_x509_privkey_deinit(identity->key);
    free(identity);
}

int rd_identity_export(const struct rd_identity *identity, enum rd_export what, void *buffer, size_t *size) {
    if (what == rd_export_key_pem)
        return p_gnutls_x509_privkey_export(identity->key, GNUTLS_X509_FMT_PEM, buffer, size);
    return p_gnutls_x509_crt_export(
        identity->certificate, what == rd_export_certificate_pem ? GNUTLS_X509_FMT_PEM : GNUTLS_X509_FMT_DER, buffer,
        size);
}

const char *rd_gnutls_message(int failure) { return p_gnutls_strerror(failure); }

int rd_sha1(const void *bytes, size_t count, void *digest) {
    return p_gnutls_hash_fast(GNUTLS_DIG_SHA1, bytes, count, digest);
}

// Writes a number as 32 bytes. The input can have leading zeros or fewer bytes.
static void put_number(unsigned char *target, const gnutls_datum_t *number) {
    unsigned int skip = number->size > 32 ? number->size - 32 : 0;
    memset(target, 0, 32);
    memcpy(target + 32 - (number->size - skip), number->data + skip, number->size - skip);
}

static int sign(gnutls_privkey_t key, enum rd_key_kind kind, const void *bytes, size_t count, unsigned char *signature,
                size_t *size) {
    gnutls_datum_t data = {(unsigned char *)bytes, (unsigned int)count}, made = {NULL, 0};
    CHECKED(p_gnutls_privkey_sign_data(key, GNUTLS_DIG_SHA256, 0, &data, &made));
    int failure = 0;
    if (kind == rd_key_ec) {
        // In JSON Web Signatures, the two numbers are concatenated (RFC 7518 section 3.4).
        gnutls_datum_t r = {NULL, 0}, s = {NULL, 0};
        failure = p_gnutls_decode_rs_value(&made, &r, &s);
        if (failure == 0 && *size >= 64) {
            put_number(signature, &r);
            put_number(signature + 32, &s);
            *size = 64;
        }
        free(r.data);
        free(s.data);
    } else if (made.size <= *size) {
        memcpy(signature, made.data, made.size);
        *size = made.size;
    } else {
        failure = GNUTLS_E_SHORT_MEMORY_BUFFER;
    }
    free(made.data);
    return failure;
}

int rd_sign(const char *pem, size_t pem_count, const void *bytes, size_t count, enum rd_key_kind *kind,
            unsigned char *signature, size_t *size) {
    gnutls_privkey_t key;
    CHECKED(p_gnutls_privkey_init(&key));
    gnutls_datum_t text = {(unsigned char *)pem, (unsigned int)pem_count};
    int failure = p_gnutls_privkey_import_x509_raw(key, &text, GNUTLS_X509_FMT_PEM, NULL, 0);
    unsigned int bits = 0;
    if (failure == 0) {
        int algorithm = p_gnutls_privkey_get_pk_algorithm(key, &bits);
        *kind = algorithm == GNUTLS_PK_RSA ? rd_key_rsa : algorithm == GNUTLS_PK_ECDSA && bits == 256 ? rd_key_ec : rd_key_other;
        if (bytes && *kind != rd_key_other) failure = sign(key, *kind, bytes, count, signature, size);
    }
    p_gnutls_privkey_deinit(key);
    return failure;
}
