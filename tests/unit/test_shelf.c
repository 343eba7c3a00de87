/* test_shelf.c: a shelf gives each object to one taker, holds no more than its places, and says so.
 */
#include "crypto/shelf.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void empty_shelf_gives_nothing(void **state)
{
    (void)state;
    hf_shelf s = {{NULL}};
    assert_null(hf_shelf_take(&s));
}

static void gives_back_what_was_put_once(void **state)
{
    (void)state;
    hf_shelf s = {{NULL}};
    int object;
    assert_true(hf_shelf_put(&s, &object));
    assert_ptr_equal(hf_shelf_take(&s), &object);
    assert_null(hf_shelf_take(&s));
}

static void full_shelf_takes_no_more(void **state)
{
    (void)state;
    hf_shelf s = {{NULL}};
    int objects[HF_SHELF_PLACES + 1];
    for (size_t i = 0; i < HF_SHELF_PLACES; i++)
        assert_true(hf_shelf_put(&s, &objects[i]));
    assert_false(hf_shelf_put(&s, &objects[HF_SHELF_PLACES]));
    for (size_t i = 0; i < HF_SHELF_PLACES; i++)
        assert_non_null(hf_shelf_take(&s));
    assert_null(hf_shelf_take(&s));
}

/* Threads take, mark as theirs, and put back: an object that two held at once would show. */
static hf_shelf shared;
static struct {
    atomic_int holders;
} things[4];
static atomic_int clashes;

static void *take_and_put(void *unused)
{
    (void)unused;
    for (int i = 0; i < 20000; i++) {
        void *p = hf_shelf_take(&shared);
        if (p == NULL)
            continue;
        atomic_int *holders = p;
        if (atomic_fetch_add(holders, 1) != 0)
            atomic_fetch_add(&clashes, 1);
        atomic_fetch_sub(holders, 1);
        if (!hf_shelf_put(&shared, p))
            atomic_fetch_add(&clashes, 1);
    }
    return NULL;
}

static void no_object_has_two_holders(void **state)
{
    (void)state;
    pthread_t thread[4];
    for (size_t i = 0; i < 4; i++)
        assert_true(hf_shelf_put(&shared, &things[i].holders));
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, take_and_put, NULL), 0);
    for (size_t i = 0; i < 4; i++)
        pthread_join(thread[i], NULL);
    assert_int_equal(clashes, 0);
    for (size_t i = 0; i < 4; i++)
        assert_non_null(hf_shelf_take(&shared));
    assert_null(hf_shelf_take(&shared));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_shelf_gives_nothing),
        cmocka_unit_test(gives_back_what_was_put_once),
        cmocka_unit_test(full_shelf_takes_no_more),
        cmocka_unit_test(no_object_has_two_holders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
