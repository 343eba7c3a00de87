/* shelf.h: objects of libcrypto's that are costly to make, kept between uses.
 *
 * A shelf has a few places, each empty or with one object. An object is taken by one thread, used,
 * rid of its secrets, and put back for any other; no thread waits for another, and what finds no
 * place is freed by who brought it. So a shelf holds at most its places, and only for objects that
 * carry nothing from one use to the next.
 */
#ifndef HF_CRYPTO_SHELF_H
#define HF_CRYPTO_SHELF_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

enum { HF_SHELF_PLACES = 8 };

typedef struct hf_shelf {
    _Atomic(void *) places[HF_SHELF_PLACES];
} hf_shelf;

/* An object, the caller's from now on, or NULL. */
static inline void *hf_shelf_take(hf_shelf *s)
{
    for (size_t i = 0; i < HF_SHELF_PLACES; i++)
        if (atomic_load_explicit(&s->places[i], memory_order_relaxed) != NULL) {
            void *p = atomic_exchange_explicit(&s->places[i], NULL, memory_order_acquire);
            if (p != NULL)
                return p;
        }
    return NULL;
}

/* False when there is no place: the caller frees the object. */
static inline bool hf_shelf_put(hf_shelf *s, void *object)
{
    for (size_t i = 0; i < HF_SHELF_PLACES; i++) {
        void *none = NULL;
        if (atomic_load_explicit(&s->places[i], memory_order_relaxed) == NULL &&
            atomic_compare_exchange_strong_explicit(&s->places[i], &none, object,
                                                    memory_order_release, memory_order_relaxed))
            return true;
    }
    return false;
}

#endif
