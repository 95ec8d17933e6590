/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-source-private.h"

#include "procstream-io-thread-private.h"
#include "procstream-pipe-private.h"
#include "procstream-read-size-private.h"
#include "procstream-platform-private.h"
#include "procstream-poll-set-private.h"
#include "procstream-pty-private.h"
#include "procstream-slab-pool-private.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/*
 * A descriptor that can be polled.
 *
 * The callback runs in the thread of the poll set; closing may come from any thread. A descriptor must not be closed while
 * another thread is about to read it (its number may be somebody else's the next moment), so mutex decides who closes: the one
 * that closes when no callback runs, or else the callback when it is through. Whenever mutex is free: fd is open unless
 * (closed and not busy); the watch exists exactly as long as not closed.
 *
 * The slab, read_size and usual_size are touched by the callback alone. Between two callbacks it is kept only while it is partly filled and somebody
 * still has a chunk in it; so an idle output holds no buffer.
 */
typedef struct
{
  ProcstreamSource      parent;
  gatomicrefcount       ref_count;
  ProcstreamOutputCore *core; /* until closed */
  ProcstreamPollSet    *poll_set;
  ProcstreamWatch       watch;
  ProcstreamReadSize    read_size;
  gboolean              own_pipe;
  gboolean              use_recv;
  gboolean              use_nowait;

  GMutex   mutex;
  int      fd;
  gboolean busy;
  gboolean closed;
  gsize    grant;     /* from the pipe budget */
  gint64   last_full; /* when it last read as much in one go as the pipe holds without the grant */
  gint64   ask_again; /* not earlier, for a grant */

  ProcstreamSlab *slab;
  gsize           fill;
  gsize           usual_size; /* what the pipe holds without a grant; 0: not asked yet */
} FdSource;

/* How much one callback reads before other descriptors have their turn: what an enlarged pipe can hold, four times. */
#define READS_PER_DISPATCH 16

/* Who fills a pipe between two reads would profit from a bigger one. One has 16 pages on Linux (pipe(7)), but less when the user's
 * quota was spent when it was made. Its size is asked when it may have been filled: it holds a page at the least. */
#define DEFAULT_PIPE_SIZE 65536
#define SMALLEST_PIPE_SIZE 4096

/* A grant that was refused, because the budget or the user's quota was spent, is not asked for with every read. */
#define ASK_AGAIN_US G_USEC_PER_SEC

/* An enlarged pipe that was not filled for so long is no longer busy. */
#define IDLE_US G_USEC_PER_SEC

/* What is left of a slab is used when it has room for at least this much. */
#define LEAST_READ (PROCSTREAM_SLAB_SIZE / 8)

static FdSource *
fd_source_ref (FdSource *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

static void
fd_source_unref (FdSource *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_assert (self->closed && self->fd < 0);
  g_clear_pointer (&self->slab, procstream_slab_unref);
  procstream_poll_set_unref (self->poll_set);
  procstream_output_core_unref (self->core);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

/* --- Enlarged pipes that have gone idle --------------------------------------------------------------------------------------- */

static GMutex     enlarged_mutex;
static GPtrArray *enlarged; /* of owned FdSource */

static gboolean
is_idle (FdSource *self,
         gint64    now)
{
  gboolean idle;

  g_mutex_lock (&self->mutex);
  /* A pipe that still holds too much stays big, and keeps its grant until the next look. Closing gives it back in any case. */
  if (!self->closed && now - self->last_full > IDLE_US && procstream_pipe_give_back (self->fd, self->grant))
    self->grant = 0;
  idle = self->closed || self->grant == 0;
  g_mutex_unlock (&self->mutex);
  return idle;
}

/* Runs in the I/O thread once a second while there are enlarged pipes. */
static gboolean
check_idle_cb (gpointer user_data)
{
  g_autoptr (GPtrArray) gone = g_ptr_array_new ();
  gint64   now = g_get_monotonic_time ();
  gboolean any_left;

  g_mutex_lock (&enlarged_mutex);
  for (guint i = 0; i < enlarged->len;)
    {
      if (is_idle (g_ptr_array_index (enlarged, i), now))
        g_ptr_array_add (gone, g_ptr_array_steal_index_fast (enlarged, i));
      else
        i++;
    }
  any_left = enlarged->len > 0;
  if (!any_left)
    g_clear_pointer (&enlarged, g_ptr_array_unref);
  g_mutex_unlock (&enlarged_mutex);

  for (guint i = 0; i < gone->len; i++)
    fd_source_unref (g_ptr_array_index (gone, i));
  return any_left ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static void
remember_enlarged (FdSource *self)
{
  g_mutex_lock (&enlarged_mutex);
  if (enlarged == NULL)
    {
      g_autoptr (GSource) timer = g_timeout_source_new_seconds (1);

      enlarged = g_ptr_array_new ();
      g_source_set_callback (timer, check_idle_cb, NULL, NULL);
      g_source_attach (timer, procstream_io_thread_get_context ());
    }
  g_ptr_array_add (enlarged, fd_source_ref (self));
  g_mutex_unlock (&enlarged_mutex);
}

static gboolean
was_full (FdSource *self,
          gsize     total)
{
  if (!self->own_pipe || total < SMALLEST_PIPE_SIZE)
    return FALSE;
  if (self->usual_size == 0)
    {
      int size = fcntl (self->fd, F_GETPIPE_SZ);

      self->usual_size = size > 0 ? size : DEFAULT_PIPE_SIZE;
    }
  return total >= self->usual_size;
}

static void
note_full (FdSource *self)
{
  gint64 now = g_get_monotonic_time ();
  gsize  grant = 0;

  g_mutex_lock (&self->mutex);
  self->last_full = now;
  if (self->grant == 0 && !self->closed && now >= self->ask_again)
    {
      self->grant = grant = procstream_pipe_enlarge (self->fd);
      self->ask_again = now + ASK_AGAIN_US;
    }
  g_mutex_unlock (&self->mutex);
  if (grant > 0)
    remember_enlarged (self);
}

/* --- Reading ------------------------------------------------------------------------------------------------------------------ */

/* Never blocks, and never sets O_NONBLOCK on a description that may be shared with other processes. */
static gssize
read_now (FdSource *self,
          gpointer  buffer,
          gsize     size)
{
  struct iovec vector = { buffer, size };
  gssize       n;

  do
    {
      if (self->use_recv)
        n = recv (self->fd, buffer, size, MSG_DONTWAIT);
      else if (self->use_nowait)
        n = preadv2 (self->fd, &vector, 1, -1, RWF_NOWAIT);
      else
        n = read (self->fd, buffer, size);
    }
  while (n < 0 && errno == EINTR);
  return n;
}

static gsize
prepare_slab (FdSource *self)
{
  const gsize expected = self->read_size.expected;

  if (self->slab && !procstream_slab_is_shared (self->slab))
    {
      self->fill = 0;
      if (self->slab->size < expected)
        g_clear_pointer (&self->slab, procstream_slab_unref);
    }
  if (self->slab && self->slab->size - self->fill < MIN (expected, LEAST_READ))
    g_clear_pointer (&self->slab, procstream_slab_unref);
  if (self->slab == NULL)
    {
      self->slab = procstream_slab_new (expected);
      self->fill = 0;
    }
  return MIN (expected, self->slab->size - self->fill);
}

static void
feed_error (FdSource *self,
            int       errsv)
{
  procstream_output_core_feed_end (self->core,
                                   g_error_new (G_IO_ERROR, g_io_error_from_errno (errsv), "Could not read from “%s”: %s",
                                                procstream_output_core_get_name (self->core), g_strerror (errsv)));
}

/* A terminal that nobody has open any more is told as an error, after all that was written to it. */
static gboolean
is_hang_up (FdSource *self,
            int       errsv)
{
  gboolean hang_up = errsv == EIO && procstream_pty_is_master (self->fd);

  errno = errsv;
  return hang_up;
}

/* FALSE: nothing more now. A short read is not tried again: what is left, if anything, shows in the next poll. */
static gboolean
read_once (FdSource *self,
           gsize    *total)
{
  gsize            want = prepare_slab (self);
  gssize           n = read_now (self, self->slab->data + self->fill, want);
  ProcstreamChunk *chunk;

  if (n <= 0)
    {
      if (n == 0 || is_hang_up (self, errno))
        procstream_output_core_feed_end (self->core, NULL);
      else if (errno != EAGAIN)
        feed_error (self, errno);
      return FALSE;
    }
  procstream_read_size_learn (&self->read_size, want, n);
  chunk = procstream_chunk_new (self->slab, self->fill, n, procstream_chunk_stamp ());
  if (chunk->slab == self->slab)
    self->fill += n;
  *total += n;
  return procstream_output_core_feed (self->core, chunk) && (gsize) n == want;
}

static gboolean
begin (FdSource *self)
{
  gboolean open;

  g_mutex_lock (&self->mutex);
  open = !self->closed && !self->busy;
  self->busy |= open;
  g_mutex_unlock (&self->mutex);
  return open;
}

static void
close_locked (FdSource *self)
{
  g_assert (!self->busy);
  close (g_steal_fd (&self->fd));
  procstream_pipe_give_back (-1, self->grant);
  self->grant = 0;
}

static void
finish (FdSource *self)
{
  if (self->slab && !procstream_slab_is_shared (self->slab))
    g_clear_pointer (&self->slab, procstream_slab_unref);
  g_mutex_lock (&self->mutex);
  self->busy = FALSE;
  if (self->closed)
    close_locked (self);
  g_mutex_unlock (&self->mutex);
}

static void
ready_cb (gpointer     data,
          GIOCondition condition)
{
  FdSource *self = data;
  gsize     total = 0;

  if (!begin (self))
    return;
  procstream_output_core_begin_feeding (self->core);
  for (int i = 0; i < READS_PER_DISPATCH && read_once (self, &total); i++)
    ;
  procstream_output_core_end_feeding (self->core);
  if (was_full (self, total))
    note_full (self);
  finish (self);
}

/* --- The source --------------------------------------------------------------------------------------------------------------- */

static void
fd_source_set_reading (ProcstreamSource *source,
                       gboolean          reading)
{
  FdSource *self = (FdSource *) source;

  if (reading)
    procstream_poll_set_arm (self->poll_set, self->watch);
  else
    procstream_poll_set_disarm (self->poll_set, self->watch);
}

static gboolean
fd_source_set_size (ProcstreamSource *source,
                    guint             columns,
                    guint             rows)
{
  FdSource *self = (FdSource *) source;
  gboolean  done;

  g_mutex_lock (&self->mutex);
  errno = EBADF;
  done = self->fd >= 0 && procstream_pty_set_size (self->fd, columns, rows);
  g_mutex_unlock (&self->mutex);
  return done;
}

static void
fd_source_close (ProcstreamSource *source)
{
  FdSource *self = (FdSource *) source;

  procstream_poll_set_remove (self->poll_set, self->watch);
  g_mutex_lock (&self->mutex);
  self->closed = TRUE;
  if (!self->busy)
    close_locked (self);
  g_mutex_unlock (&self->mutex);
  fd_source_unref (self);
}

static gsize
fd_source_get_pending (ProcstreamSource *source)
{
  FdSource *self = (FdSource *) source;
  int       pending = 0;

  g_mutex_lock (&self->mutex);
  if (!self->closed && ioctl (self->fd, FIONREAD, &pending) < 0)
    pending = 0;
  g_mutex_unlock (&self->mutex);
  return MAX (pending, 0);
}

static const ProcstreamSourceClass fd_source_class = {
  fd_source_set_reading,
  fd_source_close,
  fd_source_set_size,
  fd_source_get_pending,
};

/* How to read without blocking. FALSE where there is no way but a thread. */
static gboolean
choose_read (FdSource *self)
{
  struct stat info;
  char        byte;
  int         flags = fcntl (self->fd, F_GETFL);

  if (self->own_pipe)
    return fcntl (self->fd, F_SETFL, flags | O_NONBLOCK) == 0;
  if (flags < 0 || fstat (self->fd, &info) < 0 || S_ISREG (info.st_mode) || S_ISDIR (info.st_mode))
    return FALSE;
  if (flags & O_NONBLOCK)
    return TRUE;
  self->use_recv = S_ISSOCK (info.st_mode);
  if (self->use_recv)
    return TRUE;
  /* A read of nothing tells whether the kernel knows RWF_NOWAIT for this kind of file. */
  self->use_nowait = procstream_platform_has (PROCSTREAM_FEATURE_NOWAIT_READ) &&
                     (preadv2 (self->fd, &(struct iovec){ &byte, 0 }, 1, -1, RWF_NOWAIT) == 0 || errno == EAGAIN);
  return self->use_nowait;
}

static gpointer
fd_source_ref_cb (gpointer data)
{
  return fd_source_ref (data);
}

static void
fd_source_unref_cb (gpointer data)
{
  fd_source_unref (data);
}

ProcstreamSource *
procstream_fd_source_new (ProcstreamOutputCore *core,
                          GMainContext         *context,
                          int                   fd,
                          gboolean              own_pipe)
{
  FdSource *self = g_new0 (FdSource, 1);

  self->parent.klass = &fd_source_class;
  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->mutex);
  self->core = procstream_output_core_ref (core);
  procstream_read_size_init (&self->read_size, procstream_output_core_get_settings (core)->read_chunk_size);
  self->own_pipe = own_pipe;
  self->fd = fd;
  self->poll_set = procstream_poll_set_get (context);
  if (choose_read (self))
    self->watch = procstream_poll_set_add (self->poll_set, fd, G_IO_IN | G_IO_HUP | G_IO_ERR, ready_cb, self,
                                           fd_source_ref_cb, fd_source_unref_cb);
  if (self->watch == 0)
    {
      /* Who reads it now may block. */
      if (own_pipe)
        fcntl (fd, F_SETFL, fcntl (fd, F_GETFL) & ~O_NONBLOCK);
      self->closed = TRUE;
      self->fd = -1;
      fd_source_unref (self);
      return NULL;
    }
  return &self->parent;
}
