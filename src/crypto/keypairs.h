/* keypairs.h: how the engine uses key pairs that were made ahead. */
#ifndef HF_CRYPTO_KEYPAIRS_H
#define HF_CRYPTO_KEYPAIRS_H

#include <handfast/provider.h>

/* Takes a pair, which is wiped from the pool. False when there is none of this group: also for a
 * pool that is NULL, and in a child of the process that made the pool. */
bool hf_keypairs_take(hf_keypairs *k, const hf_group *group, uint8_t *private_key, uint8_t *share);

/* As hf_group.generate and hf_group.respond, with a pair from the pool where there is one: to
 * respond in a hybrid group, one of its curve. */
hf_status hf_keypairs_generate(hf_keypairs *k, const hf_group *group, const hf_provider *provider,
                               uint8_t *private_key, uint8_t *share);
hf_status hf_keypairs_respond(hf_keypairs *k, const hf_group *group, const hf_provider *provider,
                              const uint8_t *client_share, uint8_t *server_share, uint8_t *secret);

/* What that comes down to for groups that are no Diffie-Hellman: hybrid.c. */
hf_status hf_hybrid_respond(hf_keypairs *pool, const hf_group *group, const hf_provider *provider,
                            const uint8_t *client_share, uint8_t *server_share, uint8_t *secret);

#endif
