/* signature_cache.h: signatures that were found good, remembered by digest. The public half is in
 * <handfast/x509.h>.
 *
 * What is kept is SHA-256 over scheme, signed bytes, signature and the issuer's key, each with its
 * length before it: the answer depends on nothing else, so a hit is as good as the computation.
 * Time, names and trust are not part of it; they are judged anew each time.
 *
 * The table is a fixed number of sets of four slots. A slot is a sequence number and the digest in
 * four words. A writer makes the number odd, stores the words and makes it even again; whoever
 * finds it odd, or changed after reading, has found nothing. So nobody ever waits: a reader that
 * loses the race computes, a writer that loses it lets the other one's entry be. Half an entry
 * mixed with half of another is never seen.
 *
 * Only the signatures of a path that was accepted as a whole are put in, so that a peer that nobody
 * trusts cannot push out what others need. */
#ifndef HF_X509_SIGNATURE_CACHE_H
#define HF_X509_SIGNATURE_CACHE_H

#include <handfast/x509.h>

typedef struct hf_signature_digest {
    uint64_t word[4];
} hf_signature_digest;

/* The digest of one signature over `tbs` by the key in `spki`; false where SHA-256 is missing. */
bool hf_signature_digest_of(hf_bytes tbs, const hf_sigscheme *scheme, hf_bytes signature,
                            hf_bytes spki, hf_signature_digest *out);

bool hf_signature_cache_has(const hf_signature_cache *cache, const hf_signature_digest *d);
void hf_signature_cache_put(hf_signature_cache *cache, const hf_signature_digest *d);

#endif
