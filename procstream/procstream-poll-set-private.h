/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A set of descriptors watched by one main context: one epoll descriptor behind one GSource, or, where
 * there is no epoll, one GSource per descriptor. There is one set per context; it exists while it has watches. */
typedef struct _ProcstreamPollSet ProcstreamPollSet;

/* Generation-tagged index: never a pointer, never used twice. 0 is no watch. */
typedef guint64 ProcstreamWatch;

/* Called in the thread of the context, without a lock held. @data is kept alive by the watch during the call
 * (@ref and @unref are called around it) */
typedef void (*ProcstreamWatchFunc) (gpointer     data,
                                     GIOCondition condition);

/* The set of @context, made when there is none: (transfer full). */
ProcstreamPollSet *procstream_poll_set_get (GMainContext *context);
ProcstreamPollSet *procstream_poll_set_ref (ProcstreamPollSet *self);
void               procstream_poll_set_unref (ProcstreamPollSet *self);

/* All of these may be called from any thread. A watch is added disarmed. Level-triggered while armed.
 * While its callback runs a watch is not dispatched again, not even when the callback iterates the context; all others are.
 * Adding returns 0, with errno, when the descriptor cannot be polled (a regular file), or when the kernel refuses another watch
 * (ENOSPC, ENOMEM). */
ProcstreamWatch procstream_poll_set_add (ProcstreamPollSet  *self,
                                         int                 fd,
                                         GIOCondition        condition,
                                         ProcstreamWatchFunc func,
                                         gpointer            data,
                                         gpointer (*ref) (gpointer),
                                         void (*unref) (gpointer));
void            procstream_poll_set_arm (ProcstreamPollSet *self,
                                         ProcstreamWatch    watch);
void            procstream_poll_set_disarm (ProcstreamPollSet *self,
                                            ProcstreamWatch    watch);
/* Must precede close() of the descriptor. No callback begins after it returns; one that runs in another thread may
 * still be running. */
void procstream_poll_set_remove (ProcstreamPollSet *self,
                                 ProcstreamWatch    watch);

/* For blocking calls. The set of @context, if there is one: (transfer full) (nullable). What to poll for it is appended to @fds, an
 * array of GPollFD. Dispatching is one round without blocking; TRUE when a callback was called. The caller owns the context. */
ProcstreamPollSet *procstream_poll_set_lookup (GMainContext *context);
void               procstream_poll_set_append_fds (ProcstreamPollSet *self,
                                                   GArray            *fds);
gboolean           procstream_poll_set_dispatch (ProcstreamPollSet *self);

/* For tests: how many watches a set may have before it uses epoll. */
extern guint procstream_poll_set_direct_limit;
/* For tests: how many watches may still be added before the kernel refuses them to sets that use epoll; -1: as many as it gives. */
extern int procstream_poll_set_adds_left; /* atomic */

G_END_DECLS
