/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-exact-private.h"

#include "procstream-poll-set-private.h"
#include "procstream-source-private.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/*
 * One receiver feeds two outputs, of which it is the source: each of the two sides is what one output sees of it.
 *
 * What is in the queue must be taken in its order, so when one output does not read the other one waits as well. What a batch of datagrams
 * has brought is fed in any case: an output may be given up to a batch more than it asked for. Each datagram is one chunk.
 * For an output that was closed because nobody was left, datagrams are thrown away.
 *
 * That nobody has a socket any more is noticed before the queue is looked at; what was written through it is in the queue by then. So an
 * output ends when its socket is gone and, after that, the queue was seen empty.
 *
 * The callbacks run in the thread of the poll set; closing and pausing may come from any thread. A descriptor must not be closed while a
 * callback may be about to use it, so whoever closes a side leaves that to the callback, if one is busy. Whenever mutex is
 * free: sides[i].open is TRUE until that side was closed, and so long its end is watched; the watches are armed exactly while all
 * open sides read; no descriptor is open that no open side needs, unless busy. ending and what is received belong to the callbacks.
 *
 * Lock order: that of an output, then this one. So nothing is fed with this one.
 */
typedef struct _Receiver Receiver;

typedef struct
{
  ProcstreamSource      parent;
  Receiver             *receiver;
  ProcstreamOutputCore *output;
  ProcstreamWatch       watch; /* of its end */
  gboolean              open;  /* atomic */
  gboolean              reading;
  gboolean              ending; /* its socket is gone */
} Side;

struct _Receiver
{
  gatomicrefcount    ref_count; /* one for each open side */
  Side               sides[PROCSTREAM_EXACT_OUTPUTS];
  ProcstreamPollSet *poll_set;

  GMutex          mutex;
  ProcstreamExact fds;
  ProcstreamWatch watch;
  gboolean        busy;
};

/* How many datagrams one call brings, and how many calls there are before other descriptors have their turn. */
#define BATCH 16
#define BATCHES_PER_DISPATCH 4

/* What is larger is rare. */
#define USUAL_SIZE 65536

static Receiver *
receiver_ref (Receiver *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

static void
receiver_unref (Receiver *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_assert (self->fds.receiver < 0);
  for (guint i = 0; i < PROCSTREAM_EXACT_OUTPUTS; i++)
    procstream_output_core_unref (self->sides[i].output);
  procstream_poll_set_unref (self->poll_set);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

/* --- Memory to receive into --------------------------------------------------------------------------------------------------- */

/* Each datagram of a batch may be as large as any. That is reserved, once for each thread that receives, and takes memory only where it is
 * used: nearly always the first page of each. */
typedef struct
{
  guint8 *data;
  gsize   stride;
} Arena;

static void
arena_free (gpointer data)
{
  Arena *self = data;

  if (self->data)
    munmap (self->data, BATCH * self->stride);
  g_free (self);
}

static GPrivate arenas = G_PRIVATE_INIT (arena_free);

static Arena *
get_arena (gsize largest)
{
  Arena *self = g_private_get (&arenas);
  void  *data;

  if (self && self->stride >= largest)
    return self;
  data = mmap (NULL, BATCH * largest, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (data == MAP_FAILED)
    g_error ("Could not reserve %" G_GSIZE_FORMAT " bytes to receive into: %s", BATCH * largest, g_strerror (errno));
  self = g_new (Arena, 1);
  *self = (Arena){ data, largest };
  g_private_replace (&arenas, self);
  return self;
}

/* --- Receiving ---------------------------------------------------------------------------------------------------------------- */

typedef struct
{
  struct mmsghdr     messages[BATCH];
  struct iovec       vectors[BATCH];
  struct sockaddr_un names[BATCH];
} Batch;

static void
batch_init (Batch *self,
            Arena *arena,
            gsize  largest)
{
  for (guint i = 0; i < BATCH; i++)
    {
      self->vectors[i] = (struct iovec){ arena->data + i * arena->stride, largest };
      self->messages[i].msg_hdr = (struct msghdr){
        .msg_name = &self->names[i],
        .msg_namelen = sizeof self->names[i],
        .msg_iov = &self->vectors[i],
        .msg_iovlen = 1,
      };
    }
}

static void
fail_side (Side        *side,
           GIOErrorEnum code,
           const char  *what)
{
  procstream_output_core_feed_end (side->output, g_error_new (G_IO_ERROR, code, "Could not read from “%s”: %s",
                                                              procstream_output_core_get_name (side->output), what));
}

/* FALSE: whoever it is for has enough. */
static gboolean
feed_datagram (Receiver       *self,
               struct mmsghdr *message)
{
  const struct msghdr *header = &message->msg_hdr;
  int                  i = procstream_exact_get_sender (header->msg_name, header->msg_namelen);
  gboolean             go_on = TRUE;

  if (i < 0 || !g_atomic_int_get (&self->sides[i].open))
    return TRUE;
  if (message->msg_len > 0)
    go_on = procstream_output_core_feed (self->sides[i].output, procstream_chunk_new_copy (header->msg_iov->iov_base, message->msg_len,
                                                                                           procstream_chunk_stamp ()));
  if (header->msg_flags & MSG_TRUNC)
    fail_side (&self->sides[i], G_IO_ERROR_PARTIAL_INPUT, "a write was larger than the program could be allowed, and was cut");
  return go_on;
}

typedef enum
{
  IS_EMPTY,
  HAS_MORE,
  MUST_STOP,
  FAILED,
} Received;

static Received
receive_batch (Receiver *self)
{
  Batch    batch;
  Arena   *arena = get_arena (self->fds.largest);
  gsize    largest_seen = 0;
  int      n;
  Received result = HAS_MORE;

  batch_init (&batch, arena, self->fds.largest);
  do
    n = recvmmsg (self->fds.receiver, batch.messages, BATCH, MSG_DONTWAIT, NULL);
  while (n < 0 && errno == EINTR);
  if (n < 0)
    return errno == EAGAIN ? IS_EMPTY : FAILED;
  for (int i = 0; i < n; i++)
    {
      largest_seen = MAX (largest_seen, batch.messages[i].msg_len);
      if (!feed_datagram (self, &batch.messages[i]))
        result = MUST_STOP;
    }
  if (largest_seen > USUAL_SIZE)
    madvise (arena->data, BATCH * arena->stride, MADV_DONTNEED);
  return result;
}

/* --- The end ------------------------------------------------------------------------------------------------------------------ */

static void
end_side (Receiver *self,
          guint     i)
{
  Side *side = &self->sides[i];

  side->ending = FALSE;
  if (procstream_exact_is_held (self->fds.probes[i]))
    fail_side (side, G_IO_ERROR_NOT_SUPPORTED, "in an exact order, a program that reads from its own output cannot be followed");
  else
    procstream_output_core_feed_end (side->output, NULL);
}

static void
fail_all (Receiver *self,
          int       errsv)
{
  for (guint i = 0; i < PROCSTREAM_EXACT_OUTPUTS; i++)
    fail_side (&self->sides[i], g_io_error_from_errno (errsv), g_strerror (errsv));
}

/* --- Callbacks ---------------------------------------------------------------------------------------------------------------- */

static gboolean
begin (Receiver *self)
{
  gboolean begins;

  g_mutex_lock (&self->mutex);
  begins = !self->busy && self->watch != 0;
  self->busy |= begins;
  g_mutex_unlock (&self->mutex);
  return begins;
}

static void
close_unused_locked (Receiver *self)
{
  for (guint i = 0; i < PROCSTREAM_EXACT_OUTPUTS; i++)
    {
      if (self->sides[i].open || self->fds.ends[i] < 0)
        continue;
      close (g_steal_fd (&self->fds.ends[i]));
      close (g_steal_fd (&self->fds.probes[i]));
    }
  if (!self->sides[0].open && !self->sides[1].open)
    procstream_exact_close (&self->fds);
}

static void
finish (Receiver *self)
{
  g_mutex_lock (&self->mutex);
  self->busy = FALSE;
  close_unused_locked (self);
  g_mutex_unlock (&self->mutex);
}

static void
announce (Receiver *self,
          gboolean  begins)
{
  for (guint i = 0; i < PROCSTREAM_EXACT_OUTPUTS; i++)
    {
      if (begins)
        procstream_output_core_begin_feeding (self->sides[i].output);
      else
        procstream_output_core_end_feeding (self->sides[i].output);
    }
}

static void
receive (Receiver *self)
{
  Received result = HAS_MORE;
  int      errsv;

  announce (self, TRUE);
  for (guint i = 0; i < BATCHES_PER_DISPATCH && result == HAS_MORE; i++)
    result = receive_batch (self);
  errsv = errno;
  announce (self, FALSE);
  if (result == FAILED)
    fail_all (self, errsv);
  for (guint i = 0; result == IS_EMPTY && i < PROCSTREAM_EXACT_OUTPUTS; i++)
    if (self->sides[i].ending && g_atomic_int_get (&self->sides[i].open))
      end_side (self, i);
}

static void
ready_cb (gpointer     data,
          GIOCondition condition)
{
  Receiver *self = data;

  if (!begin (self))
    return;
  receive (self);
  finish (self);
}

/* Nobody has the socket any more. It says so until the side is closed, which it is when the queue is empty. */
static void
gone_cb (gpointer     data,
         GIOCondition condition)
{
  Side     *side = data;
  Receiver *self = side->receiver;

  if (!begin (self))
    return;
  side->ending = TRUE;
  receive (self);
  finish (self);
}

static gpointer
receiver_ref_cb (gpointer data)
{
  receiver_ref (data);
  return data;
}

static void
receiver_unref_cb (gpointer data)
{
  receiver_unref (data);
}

static gpointer
side_ref_cb (gpointer data)
{
  receiver_ref (((Side *) data)->receiver);
  return data;
}

static void
side_unref_cb (gpointer data)
{
  receiver_unref (((Side *) data)->receiver);
}

/* --- The sources -------------------------------------------------------------------------------------------------------------- */

static void
arm_locked (Receiver *self)
{
  gboolean reading = TRUE;

  for (guint i = 0; i < PROCSTREAM_EXACT_OUTPUTS; i++)
    reading = reading && (!self->sides[i].open || self->sides[i].reading);
  for (guint i = 0; i <= PROCSTREAM_EXACT_OUTPUTS; i++)
    {
      ProcstreamWatch watch = i < PROCSTREAM_EXACT_OUTPUTS ? self->sides[i].watch : self->watch;

      if (watch == 0)
        continue;
      if (reading)
        procstream_poll_set_arm (self->poll_set, watch);
      else
        procstream_poll_set_disarm (self->poll_set, watch);
    }
}

static void
side_set_reading (ProcstreamSource *source,
                  gboolean          reading)
{
  Side     *side = (Side *) source;
  Receiver *self = side->receiver;

  g_mutex_lock (&self->mutex);
  side->reading = reading;
  arm_locked (self);
  g_mutex_unlock (&self->mutex);
}

static void
remove_watch_locked (Receiver        *self,
                     ProcstreamWatch *watch)
{
  if (*watch)
    procstream_poll_set_remove (self->poll_set, *watch);
  *watch = 0;
}

static void
side_close (ProcstreamSource *source)
{
  Side     *side = (Side *) source;
  Receiver *self = side->receiver;

  g_mutex_lock (&self->mutex);
  g_atomic_int_set (&side->open, FALSE);
  remove_watch_locked (self, &side->watch);
  if (self->sides[0].open || self->sides[1].open)
    arm_locked (self);
  else
    remove_watch_locked (self, &self->watch);
  if (!self->busy)
    close_unused_locked (self);
  g_mutex_unlock (&self->mutex);
  receiver_unref (self);
}

/* The size and the sender of what is in the queue at @offset. FALSE: nothing is. */
static gboolean
peek (Receiver *self,
      int       offset,
      gsize    *size,
      int      *sender)
{
  struct sockaddr_un name;
  struct msghdr      message = { .msg_name = &name, .msg_namelen = sizeof name };
  gssize             n;

  if (setsockopt (self->fds.receiver, SOL_SOCKET, SO_PEEK_OFF, &offset, sizeof offset) < 0)
    return FALSE;
  do
    n = recvmsg (self->fds.receiver, &message, MSG_DONTWAIT | MSG_PEEK | MSG_TRUNC);
  while (n < 0 && errno == EINTR);
  if (n < 0)
    return FALSE;
  *size = n;
  *sender = procstream_exact_get_sender (&name, message.msg_namelen);
  return TRUE;
}

/* The queue has those of the other side too, so it is looked through. It is short, whoever writes meanwhile: the system's
 * net.unix.max_dgram_qlen, and one. */
static gsize
count_pending_locked (Receiver *self,
                      guint     side)
{
  gsize pending = 0, size;
  int   offset = 0, sender;

  while (peek (self, offset, &size, &sender))
    {
      offset += (int) size;
      if (sender == (int) side)
        pending += MIN (size, self->fds.largest);
    }
  return pending;
}

/* No batch is being fed in the thread that reads when it asks for this. */
static gsize
side_get_pending (ProcstreamSource *source)
{
  Side     *side = (Side *) source;
  Receiver *self = side->receiver;
  gsize     pending = 0;

  g_mutex_lock (&self->mutex);
  if (side->open)
    pending = count_pending_locked (self, side - self->sides);
  g_mutex_unlock (&self->mutex);
  return pending;
}

static const ProcstreamSourceClass side_class = {
  .set_reading = side_set_reading,
  .close = side_close,
  .get_pending = side_get_pending,
};

static gboolean
watch_all (Receiver *self)
{
  const GIOCondition condition = G_IO_IN | G_IO_HUP | G_IO_ERR;

  self->watch = procstream_poll_set_add (self->poll_set, self->fds.receiver, condition, ready_cb, self, receiver_ref_cb, receiver_unref_cb);
  for (guint i = 0; i < PROCSTREAM_EXACT_OUTPUTS; i++)
    self->sides[i].watch = procstream_poll_set_add (self->poll_set, self->fds.ends[i], condition, gone_cb, &self->sides[i],
                                                    side_ref_cb, side_unref_cb);
  return self->watch && self->sides[0].watch && self->sides[1].watch;
}

void
procstream_exact_open (ProcstreamExact             *fds,
                       ProcstreamOutputCore *const *outputs)
{
  Receiver *self = g_new0 (Receiver, 1);
  int       errsv;

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->mutex);
  self->fds = *fds;
  *fds = PROCSTREAM_EXACT_NONE;
  self->poll_set = procstream_poll_set_get (procstream_output_core_get_home_context (outputs[0]));
  for (guint i = 0; i < PROCSTREAM_EXACT_OUTPUTS; i++)
    self->sides[i] = (Side){
      .parent = { &side_class },
      .receiver = receiver_ref (self),
      .output = procstream_output_core_ref (outputs[i]),
      .open = TRUE,
    };
  if (watch_all (self))
    {
      for (guint i = 0; i < PROCSTREAM_EXACT_OUTPUTS; i++)
        procstream_output_core_open_source (outputs[i], &self->sides[i].parent);
    }
  else
    {
      errsv = errno;
      for (guint i = 0; i < PROCSTREAM_EXACT_OUTPUTS; i++)
        side_close (&self->sides[i].parent);
      fail_all (self, errsv);
    }
  receiver_unref (self);
}
