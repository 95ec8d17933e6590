/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-child-core-private.h"
#include "procstream-child.h"

G_BEGIN_DECLS

/*
 * The outer object. It owns the outer outputs and input; everything else is in the inner record, which rings for it (advance) after
 * each change.
 *
 * kept is TRUE while the object holds a reference to itself: from a successful claim of the start until it failed, or until the process
 * is gone and there is nothing left to emit, or nobody to hear it. advance, in the owner's context, lets go of it. Where that
 * context is never iterated a blocking call must: one in the owner's thread does, when nobody listens, and a start that failed.
 * Neither drops the last reference, since its caller has one.
 *
 * Once muted is TRUE nothing is emitted any more, and so there is nothing to hold a reference for.
 *
 * What is emitted is told by seen, phases_seen, exited and completed, which belong to the thread of the context and are set before the
 * emission: a handler may run the main loop, and so advance, again.
 *
 * The opening of the outputs is let go at the end of a blocking start. After an asynchronous one whoever awaits it goes on an
 * iteration or two after the callback, depending on the language; a source that counts iterations gives them that time. So
 * long, while opening_awaits, exited and completed are held back as well.
 */
struct _ProcstreamChild
{
  GObject parent_instance;

  ProcstreamChildCore *core;
  GMainContext        *context;
  GThread             *owner_thread;
  ProcstreamOutput    *outputs[PROCSTREAM_CHILD_MAX_OUTPUTS];
  ProcstreamInput     *input;
  GInputStream        *stdin_stream; /* held, so that no thread of the library drops the last reference while it is not read */

  gint     kept;           /* atomic */
  gint     muted;          /* atomic */
  gint     opening_awaits; /* atomic: an asynchronous start was made, and the opening not yet let go */
  gboolean counting;

  ProcstreamChildState seen;
  guint                phases_seen;
  gboolean             exited;
  gboolean             completed;
};

/* Languages can construct one without a launcher, and dispose of one and go on using it: there is nothing in either. Its name is all that a
 * programmer is told. */
static inline gboolean
procstream_child_is_of_launcher_and_not_disposed (ProcstreamChild *self)
{
  return PROCSTREAM_IS_CHILD (self) && self->core != NULL;
}

/* A child in state created, of the calling thread and its thread-default context. Takes what is in @options. */
ProcstreamChild *procstream_child_new (ProcstreamChildOptions *options);

/* Begins the start of a stage, which the caller goes on with; see procstream_child_core_claim(). @awaited: whoever is told of the start is told
 * in the context. */
gboolean procstream_child_claim_stage (ProcstreamChild *self,
                                       gboolean         awaited,
                                       GError         **error);

/* Takes the reference that a child which runs, or is about to, holds to itself, unless its lifetime is bound to its object. FALSE:
 * it did not take it. */
gboolean procstream_child_keep (ProcstreamChild *self);
/* Nothing of it and of its outputs is emitted any more, and no code of the user called for these. Any thread. */
void procstream_child_mute (ProcstreamChild *self);
/* Drops the reference that a running child holds to itself, if there is one. */
void procstream_child_let_go (ProcstreamChild *self);
/* The same, if nothing is left to tell, or nobody to hear it. In the owner's thread. */
void procstream_child_settle (ProcstreamChild *self);
/* The time for connecting what misses nothing is over when the context next iterates. */
void procstream_child_release_opening (ProcstreamChild *self);
/* What a blocking call waits for may need that somebody reads. Handlers that are connected keep what they were promised. */
void procstream_child_release_opening_for_blocking (ProcstreamChild *self);
/* FALSE with WOULD_DEADLOCK: the caller is called by what it would wait for. */
gboolean procstream_child_is_emitting (ProcstreamChild *self);
/* It has exited, its outputs have ended, and what is still to be done for those who wait for it is done by threads of the library. */
gboolean procstream_child_is_over (ProcstreamChild *self);
/* The owner's, unless that is in a handler: what is waited for there must need nobody else, and nothing is delivered meanwhile. */
GThread *procstream_child_get_delivering_thread (ProcstreamChild *self);
gboolean procstream_child_check_not_emitting (ProcstreamChild *self,
                                              GError         **error);

/* The same for several, of ProcstreamChild. */
gboolean procstream_children_check_not_emitting (GPtrArray *children,
                                                 GError   **error);
/* Blocks as procstream_waiters_wait() does, for what several children have to do with. */
gboolean procstream_children_wait (GPtrArray         *children,
                                   ProcstreamWaiters *waiters,
                                   GMainContext      *context,
                                   GThread           *owner_thread,
                                   const char        *what,
                                   gint64             timeout_ms,
                                   GCancellable      *cancellable,
                                   GError           **error);

G_END_DECLS
