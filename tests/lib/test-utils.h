/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A wait that takes so long has failed: far more than anything takes, under valgrind too. */
#define TEST_WATCHDOG_SECONDS 60

/* Before anything else in main (). */
void test_init (int    *argc,
                char ***argv);

/* Iterate @context (NULL: the default one) until it is so; a test whose wait for @what takes too long ends. */
void test_run_until (GMainContext *context,
                     const char   *what,
                     gboolean (*done) (gpointer),
                     gpointer data);
void test_run_until_set (GMainContext *context,
                         const char   *what,
                         gboolean     *flag);

/* Calls @func with @data in a thread of its own, once the calling thread is asleep in a blocking call that follows. To be ended after
 * that; the test fails when the call did not sleep, or was not woken by @func. */
typedef struct _TestInterruption TestInterruption;
TestInterruption                *test_interrupt (void (*func) (gpointer),
                                                 gpointer data);
void                             test_interruption_end (TestInterruption *self);

/* For asynchronous calls whose data is the place of a GAsyncResult: a reference is stored there. */
void test_store_result_cb (GObject      *object,
                           GAsyncResult *result,
                           gpointer      user_data);
void test_wait_result (GMainContext  *context,
                       const char    *what,
                       GAsyncResult **result);

/* The end of a forked copy. Under valgrind it is told by another program: what the threads that are not there held looks leaked, and would
 * change the status. */
G_NORETURN void test_exit_copy (int status);

/* Whether this thread of the program waits for something at the moment. */
gboolean test_is_asleep (int tid);

G_END_DECLS
