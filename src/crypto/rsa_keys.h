/* rsa_keys.h: RSA keys of certificates, kept for when they are met again.
 *
 * Before an RSA object's first use libcrypto computes a Montgomery form of its modulus, which takes
 * a quarter of a verification and stays in the object. The same keys come back all the time: an
 * authority's with every certificate it issued, a server's with every connection to it. So public
 * keys that are done with are kept, the last few of them, and found again by their modulus.
 *
 * As on a shelf (shelf.h), an object has one holder at a time: who finds the key in another
 * thread's hands makes an object of its own. A key that finds no free place takes the place of
 * another, in turn, so that what is kept is what was used last. Whatever a peer shows may be kept,
 * for it is found by all of its bytes and answers for nothing but arithmetic: what a key may sign
 * is judged each time by who asks.
 */
#ifndef HF_CRYPTO_RSA_KEYS_H
#define HF_CRYPTO_RSA_KEYS_H

#include "crypto/spki.h"

#include <openssl/rsa.h>

enum {
    HF_RSA_KEYS_PLACES = 16,
    HF_RSA_KEYS_MOST_BITS = 4096, /* larger ones are not kept: some 2 KB a place at most */
};

/* An object with this very modulus and exponent, the caller's from now on; NULL: none is here. */
RSA *hf_rsa_keys_take(const hf_spki *key);

/* Takes the object over, to be kept or freed. It has a public key alone, and one holder. */
void hf_rsa_keys_put(RSA *rsa);

#endif
