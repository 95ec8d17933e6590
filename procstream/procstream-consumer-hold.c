/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-consumer.h"

#include "procstream-consumer-core-private.h"
#include "procstream-consumer-private.h"
#include "procstream-dispatcher-private.h"
#include "procstream-platform-private.h"

/*
 * What a class of the user's own needs when a virtual function begins something that is not over when it returns.
 *
 * While holds is not 0 the emitter takes nothing from the log: what comes next waits there, and so delivery decides what becomes of a
 * producer that is faster. The last release posts the emitter. The emitter looks at holds before whatever it does next,
 * and a release that comes between that look and the posting of a fresh emitter is not lost: attaching posts after the emitter can be
 * seen here.
 *
 * The operation may need sources of the user in the captured context, which a blocking call of the library does not serve by itself.
 * So while holds is not 0 such calls iterate the whole context. holds and that go together, under the mutex of the core: two threads
 * cannot end it before it was begun.
 */

/* The library's own consumers begin nothing that they would have to wait for. */
#define IS_DERIVED(self) (PROCSTREAM_IS_CONSUMER (self) && procstream_consumer_get_core (self)->klass == NULL)

/**
 * procstream_consumer_hold:
 * @self: a consumer of a class that is not the library's own
 *
 * Lets nothing be given to the consumer until
 * [method@Procstream.Consumer.release] is called as often as this was.
 *
 * It is what a virtual function calls when it begins an operation that is not over
 * when it returns: the next chunk, lines or gap, or the end, comes when the operation
 * is. Until then what the child writes is kept, or the child has to wait, or it is lost
 * and told as a gap, as the delivery of the consumer says. A consumer that is held in
 * [vfunc@Procstream.Consumer.ended] has not ended before it is released.
 *
 * While a consumer is held, blocking calls of this library in its thread iterate the whole
 * main context, since what it waits for may need that.
 *
 * It may be called from any thread, before it is attached too; a virtual function
 * that runs in another thread at this moment goes on to its end. Cancelling works while
 * it is held; the operation has to be ended by whoever began it. As long as it is held and
 * attached, it stays alive.
 *
 * Since: 1.0
 */
void
procstream_consumer_hold (ProcstreamConsumer *self)
{
  ProcstreamConsumerCore *core;

  g_return_if_fail (IS_DERIVED (self));

  if (procstream_platform_forked ())
    return;
  core = procstream_consumer_get_core (self);
  g_mutex_lock (&core->mutex);
  if (g_atomic_int_add (&core->holds, 1) == 0)
    procstream_dispatcher_hold_iterate (procstream_consumer_get_context (self));
  g_mutex_unlock (&core->mutex);
}

/**
 * procstream_consumer_release:
 * @self: a consumer that is held
 *
 * Undoes one [method@Procstream.Consumer.hold]; with the last one, it goes on. From
 * any thread. Nothing is given to it within this call, only when its main context
 * iterates.
 *
 * Since: 1.0
 */
void
procstream_consumer_release (ProcstreamConsumer *self)
{
  ProcstreamConsumerCore *core;
  gboolean                was_held;
  gboolean                goes_on;

  g_return_if_fail (IS_DERIVED (self));

  if (procstream_platform_forked ())
    return;
  core = procstream_consumer_get_core (self);
  g_mutex_lock (&core->mutex);
  was_held = core->holds > 0;
  goes_on = was_held && g_atomic_int_dec_and_test (&core->holds);
  if (goes_on)
    procstream_dispatcher_release_iterate (procstream_consumer_get_context (self));
  g_mutex_unlock (&core->mutex);
  g_return_if_fail (was_held);
  if (goes_on)
    procstream_consumer_post (self);
}

/**
 * procstream_consumer_mark_done:
 * @self: a consumer
 *
 * Says that the consumer needs no more: what a virtual function says by returning
 * %TRUE, for one that only knows later, such as when an operation that it began is
 * over. Nothing is given to it any more, as after [method@Procstream.Consumer.cancel],
 * but whoever waits for it is told that it ended well. From any thread. Where it is over
 * already this does nothing; one that was never attached can no longer be.
 *
 * Since: 1.0
 */
void
procstream_consumer_mark_done (ProcstreamConsumer *self)
{
  g_return_if_fail (PROCSTREAM_IS_CONSUMER (self));

  procstream_consumer_end (self, PROCSTREAM_CONSUMER_STATE_DONE);
}
