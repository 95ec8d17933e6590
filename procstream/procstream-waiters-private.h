/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The waiters for one event that happens once (a child exits, a consumer ends): blocked threads, tasks, and functions of the library. Part of an inner
 * record, protected by its mutex. */
typedef struct _ProcstreamWaiters ProcstreamWaiters;

ProcstreamWaiters *procstream_waiters_new (void);
ProcstreamWaiters *procstream_waiters_ref (ProcstreamWaiters *self);
void               procstream_waiters_unref (ProcstreamWaiters *self);

/* The event happened. Every waiter gets TRUE, or a copy of @error. Any thread; once. */
void     procstream_waiters_complete (ProcstreamWaiters *self,
                                      const GError      *error);
gboolean procstream_waiters_is_complete (ProcstreamWaiters *self);

/* Adds @task (taken), which is completed in its own context when the event happens or its cancellable is cancelled. */
void procstream_waiters_add_task (ProcstreamWaiters *self,
                                  GTask             *task);
/* The task of a call that has begun something, or could not: @self is taken, or NULL, and then the task fails with @error, which is taken. Takes
 * @task. */
void procstream_waiters_answer_task (ProcstreamWaiters *self,
                                     GError            *error,
                                     GTask             *task);

/* Has @func called with @data and the error when the event happens, in whatever thread that is, without a lock; at once, when it has
 * happened. Then @destroy. The function is code of the library that neither blocks nor calls the user. Returns a number for the next
 * one, 0 when it was called. */
guint procstream_waiters_add_func (ProcstreamWaiters *self,
                                   void (*func) (gpointer      data,
                                                 const GError *error),
                                   gpointer       data,
                                   GDestroyNotify destroy);
/* It is not called any more, unless another thread is in the middle of that. */
void procstream_waiters_remove_func (ProcstreamWaiters *self,
                                     guint              id);

/* The monotonic time at which @timeout_ms from now is over, or -1 for never: for -1, and for a time too far away to be told. */
gint64 procstream_waiters_get_deadline (gint64 timeout_ms);

/* A blocking wait as every object of the library does it. In the thread @owner_thread, while no other owns @context, everything of
 * the library in that context is delivered meanwhile; elsewhere it only waits. @timeout_ms: -1 for none. @what names the event for the
 * message of G_IO_ERROR_TIMED_OUT ("a consumer to end"). An event that happened counts, even when it is cancelled too. */
gboolean procstream_waiters_wait (ProcstreamWaiters *self,
                                  GMainContext      *context,
                                  GThread           *owner_thread,
                                  const char        *what,
                                  gint64             timeout_ms,
                                  GCancellable      *cancellable,
                                  GError           **error);

G_END_DECLS
