/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-pty-keeper-private.h"

#include "procstream-io-thread-private.h"
#include "procstream-poll-set-private.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

/*
 * A descriptor of our side of a terminal that is closed when the child is gone, and not before, whatever becomes of the one that the output
 * reads. When the last is closed, the kernel hangs up: a child that has closed its standard descriptors and is about to exit, as many
 * programs do at their end, would be killed by SIGHUP instead of exiting as it wants to.
 *
 * A terminal that is kept but not read would stop who writes to it once it is full. So from when the output is over, because nobody
 * had the terminal open, or nobody wanted the output any more, it is read here, and thrown away.
 *
 * A terminal that nobody has open is always ready, with an error, and may be opened again by a child that has it as its
 * controlling one. A watch of the level would spin, and who stopped watching would not see it opened again. So it is
 * watched for edges: by an epoll descriptor of its own, which is what the poll set watches.
 *
 * Whenever mutex is free: fd is open exactly from open to close; edges and watch exist at most while it is, and unread. All that is read
 * is read under the mutex, by calls that do not block, so closing needs to wait for nobody.
 */
struct _ProcstreamPtyKeeper
{
  gatomicrefcount ref_count;

  GMutex             mutex;
  int                fd; /* -1: none */
  gboolean           unread;
  gboolean           closed;
  int                edges; /* -1: none */
  ProcstreamPollSet *poll_set;
  ProcstreamWatch    watch;
};

/* How much one callback throws away before others have their turn; a terminal gives at most a page at a time. */
#define READ_SIZE 4096
#define READS_PER_DISPATCH 16

ProcstreamPtyKeeper *
procstream_pty_keeper_new (void)
{
  ProcstreamPtyKeeper *self = g_new0 (ProcstreamPtyKeeper, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->mutex);
  self->fd = -1;
  self->edges = -1;
  return self;
}

ProcstreamPtyKeeper *
procstream_pty_keeper_ref (ProcstreamPtyKeeper *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
procstream_pty_keeper_unref (ProcstreamPtyKeeper *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  procstream_pty_keeper_close (self);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

static gpointer
ref_cb (gpointer data)
{
  return procstream_pty_keeper_ref (data);
}

static void
unref_cb (gpointer data)
{
  procstream_pty_keeper_unref (data);
}

static gboolean
watch_edges (ProcstreamPtyKeeper *self,
             int                  operation)
{
  struct epoll_event event = { .events = EPOLLIN | EPOLLET };

  return epoll_ctl (self->edges, operation, self->fd, &event) == 0;
}

/* FALSE: there is no more by now. */
static gboolean
read_locked (ProcstreamPtyKeeper *self)
{
  char   buffer[READ_SIZE];
  gssize n = 1;

  for (int i = 0; i < READS_PER_DISPATCH && n > 0; i++)
    do
      n = read (self->fd, buffer, sizeof buffer);
    while (n < 0 && errno == EINTR);
  return n > 0;
}

static void
ready_cb (gpointer     data,
          GIOCondition condition)
{
  ProcstreamPtyKeeper *self = data;
  struct epoll_event   event;

  g_mutex_lock (&self->mutex);
  /* The edge is taken before the reading, so that none is lost that comes after it. */
  if (self->watch && epoll_wait (self->edges, &event, 1, 0) >= 0 && read_locked (self))
    watch_edges (self, EPOLL_CTL_MOD);
  g_mutex_unlock (&self->mutex);
}

static void
stop_locked (ProcstreamPtyKeeper *self)
{
  if (self->watch)
    procstream_poll_set_remove (self->poll_set, self->watch);
  self->watch = 0;
  g_clear_pointer (&self->poll_set, procstream_poll_set_unref);
  if (self->edges >= 0)
    close (g_steal_fd (&self->edges));
}

/* When descriptors are spent it is not read; the child is then as one whose output is not read. */
static void
drain_locked (ProcstreamPtyKeeper *self)
{
  if (self->fd < 0 || !self->unread || self->watch)
    return;
  fcntl (self->fd, F_SETFL, fcntl (self->fd, F_GETFL) | O_NONBLOCK);
  self->edges = epoll_create1 (EPOLL_CLOEXEC);
  if (self->edges >= 0 && watch_edges (self, EPOLL_CTL_ADD))
    {
      self->poll_set = procstream_poll_set_get (procstream_io_thread_get_context ());
      self->watch = procstream_poll_set_add (self->poll_set, self->edges, G_IO_IN, ready_cb, self, ref_cb, unref_cb);
    }
  if (self->watch)
    procstream_poll_set_arm (self->poll_set, self->watch);
  else
    stop_locked (self);
}

void
procstream_pty_keeper_open (ProcstreamPtyKeeper *self,
                            int                  fd)
{
  g_mutex_lock (&self->mutex);
  g_assert (self->fd < 0 && !self->closed);
  self->fd = fd;
  drain_locked (self);
  g_mutex_unlock (&self->mutex);
}

void
procstream_pty_keeper_drain (ProcstreamPtyKeeper *self)
{
  g_mutex_lock (&self->mutex);
  self->unread = TRUE;
  drain_locked (self);
  g_mutex_unlock (&self->mutex);
}

void
procstream_pty_keeper_close (ProcstreamPtyKeeper *self)
{
  g_mutex_lock (&self->mutex);
  self->closed = TRUE;
  stop_locked (self);
  if (self->fd >= 0)
    close (g_steal_fd (&self->fd));
  g_mutex_unlock (&self->mutex);
}
