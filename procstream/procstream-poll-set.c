/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-poll-set-private.h"

#include "procstream-dispatcher-private.h"
#include "procstream-io-thread-private.h"
#include "procstream-pipe-private.h"
#include "procstream-platform-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * A set of few descriptors is watched by the GSource itself, which then knows from the poll of the main loop what is ready: that
 * saves a system call per event. It goes over to epoll, for good, when it has more than that. The I/O thread's uses epoll from the
 * start, because descriptors are armed from other threads there, for which a main loop must be woken and the kernel need not.
 *
 * Whenever mutex is free: a slot is watched (by the kernel's set if there is epoll_fd, or else by the GSource) exactly if it is
 * armed and not held. All changes of armed and held go through sync_locked(), which restores that. A paused descriptor must not
 * be in the set at all: with no events asked, a closed pipe would still wake every poll.
 *
 * Recursion. The source may recurse, because a source that may not costs two wake-ups of the context per iteration. A callback may
 * iterate the context; its own descriptor is then ready still, and would be reported at once, for ever, to a dispatch that may not
 * serve it. So a dispatch that finds a descriptor whose callback is running holds it: takes it out of the set until that callback
 * returns. And when other dispatches ran inside a callback, what the outer one had fetched is old: it is dropped, and fetched
 * again, since everything is level-triggered. running, held and round are used by the thread that owns the context; they are
 * looked at under mutex because syncing is for everybody.
 *
 * Life. users counts references from outside; the first makes the set and its source, the last destroys the source and takes the
 * set out of the registry, under registry_mutex. While there are users the context is kept. ref_count is for the memory alone: the
 * users have one together, the source has one, so a dispatch that is under way in one thread survives the last user in another.
 *
 * A watch is a number: index of the slot + 1, and how often the slot was used. A stale one finds nothing.
 */
typedef struct
{
  guint32             generation;
  gboolean            used;
  gboolean            armed;
  gboolean            running; /* its callback */
  gboolean            held;
  gboolean            watched;
  int                 fd;
  GIOCondition        condition;
  gpointer            tag; /* without epoll */
  ProcstreamWatchFunc func;
  gpointer            data;
  gpointer (*ref) (gpointer);
  void (*unref) (gpointer);
} Slot;

struct _ProcstreamPollSet
{
  gatomicrefcount ref_count;
  guint           users;
  GMainContext   *context;
  GSource        *source;
  guint           direct_limit; /* how many watches the source has itself before it uses epoll */

  GMutex   mutex;
  int      epoll_fd;  /* -1: none; changed once, in the thread that adds */
  gboolean fresh;     /* the source has polled, and nobody used that yet; of the context's thread */
  GArray  *slots;     /* of Slot */
  GArray  *free_list; /* of guint, indices */
  guint    round;
  guint    turn; /* without epoll: the slot from which on they are served */
};

typedef struct
{
  GSource            parent;
  ProcstreamPollSet *set;
} PollSource;

typedef struct
{
  ProcstreamWatch watch;
  GIOCondition    condition;
} Ready;

/* Tests set it to 0, so that every set uses epoll. */
guint procstream_poll_set_direct_limit = 8;

/* Tests let the kernel refuse, as it does when the user has as many watches as it allows (ENOSPC). */
int procstream_poll_set_adds_left = -1;

/* How many descriptors are fetched at once. More are fetched by the next dispatch. */
#define BATCH 64

/* Poll conditions are passed to epoll as they are. */
G_STATIC_ASSERT ((int) G_IO_IN == EPOLLIN && (int) G_IO_OUT == EPOLLOUT);
G_STATIC_ASSERT ((int) G_IO_ERR == EPOLLERR && (int) G_IO_HUP == EPOLLHUP);

static GMutex      registry_mutex;
static GHashTable *registry; /* GMainContext → ProcstreamPollSet, neither owned */

static void
set_unref_memory (ProcstreamPollSet *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  if (self->epoll_fd >= 0)
    close (self->epoll_fd);
  g_array_unref (self->slots);
  g_array_unref (self->free_list);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

/* --- Slots -------------------------------------------------------------------------------------------------------------------- */

static ProcstreamWatch
make_watch (guint32 generation,
            guint   index)
{
  return ((guint64) generation << 32) | (index + 1);
}

static Slot *
lookup_locked (ProcstreamPollSet *self,
               ProcstreamWatch    watch)
{
  guint index = (guint32) watch - 1;
  Slot *slot;

  if (index >= self->slots->len)
    return NULL;
  slot = &g_array_index (self->slots, Slot, index);
  return slot->used && slot->generation == watch >> 32 ? slot : NULL;
}

static guint
take_slot_locked (ProcstreamPollSet *self)
{
  guint index;

  if (self->free_list->len == 0)
    {
      g_array_set_size (self->slots, self->slots->len + 1);
      return self->slots->len - 1;
    }
  index = g_array_index (self->free_list, guint, self->free_list->len - 1);
  g_array_set_size (self->free_list, self->free_list->len - 1);
  return index;
}

static gboolean
watch_locked (ProcstreamPollSet *self,
              Slot              *slot)
{
  struct epoll_event event = { .events = slot->condition };

  if (self->epoll_fd < 0)
    {
      /* The error of a wrong descriptor comes at once with epoll. */
      if (fcntl (slot->fd, F_GETFD) < 0)
        return FALSE;
      slot->tag = g_source_add_unix_fd (self->source, slot->fd, slot->condition);
      return TRUE;
    }
  event.data.u64 = make_watch (slot->generation, slot - (Slot *) (gpointer) self->slots->data);
  return epoll_ctl (self->epoll_fd, EPOLL_CTL_ADD, slot->fd, &event) == 0;
}

static void
unwatch_locked (ProcstreamPollSet *self,
                Slot              *slot)
{
  if (self->epoll_fd < 0)
    g_source_remove_unix_fd (self->source, g_steal_pointer (&slot->tag));
  else if (epoll_ctl (self->epoll_fd, EPOLL_CTL_DEL, slot->fd, NULL) < 0)
    g_critical ("Descriptor %d left its poll set before its watch was removed: %s", slot->fd, g_strerror (errno));
}

static void
sync_locked (ProcstreamPollSet *self,
             Slot              *slot)
{
  gboolean wanted = slot->armed && !slot->held;

  if (wanted == slot->watched)
    return;
  if (!wanted)
    unwatch_locked (self, slot);
  else if (!watch_locked (self, slot))
    {
      g_critical ("Could not poll descriptor %d: %s", slot->fd, g_strerror (errno));
      return;
    }
  slot->watched = wanted;
}

/* --- Dispatching -------------------------------------------------------------------------------------------------------------- */

static guint
fetch_epoll (int    epoll_fd,
             Ready *ready)
{
  struct epoll_event events[BATCH];
  int                n = epoll_wait (epoll_fd, events, BATCH, 0);

  for (int i = 0; i < n; i++)
    ready[i] = (Ready){ events[i].data.u64, events[i].events };
  return MAX (n, 0);
}

static void
append_watched_locked (ProcstreamPollSet *self,
                       GArray            *fds,
                       GArray            *watches)
{
  for (guint i = 0; i < self->slots->len; i++)
    {
      guint           index = (self->turn + i) % self->slots->len;
      Slot           *slot = &g_array_index (self->slots, Slot, index);
      GPollFD         fd = { .fd = slot->fd, .events = slot->condition };
      ProcstreamWatch watch = make_watch (slot->generation, index);

      if (!slot->used || !slot->watched)
        continue;
      g_array_append_val (fds, fd);
      if (watches)
        g_array_append_val (watches, watch);
    }
}

/* What found no room is first in the next round. */
static void
advance_turn_locked (ProcstreamPollSet *self,
                     const Ready       *ready,
                     guint              n)
{
  guint after_last = n > 0 ? (guint32) ready[n - 1].watch : 0;

  self->turn = n == BATCH ? after_last : self->turn + 1;
}

static guint
fetch_poll (ProcstreamPollSet *self,
            Ready             *ready)
{
  g_autoptr (GArray) fds = g_array_new (FALSE, FALSE, sizeof (GPollFD));
  g_autoptr (GArray) watches = g_array_new (FALSE, FALSE, sizeof (ProcstreamWatch));
  guint n = 0;

  g_mutex_lock (&self->mutex);
  append_watched_locked (self, fds, watches);
  g_mutex_unlock (&self->mutex);
  if (g_poll ((GPollFD *) (gpointer) fds->data, fds->len, 0) <= 0)
    return 0;
  for (guint i = 0; i < fds->len && n < BATCH; i++)
    {
      GPollFD *fd = &g_array_index (fds, GPollFD, i);

      if (fd->revents)
        ready[n++] = (Ready){ g_array_index (watches, ProcstreamWatch, i), fd->revents };
    }
  g_mutex_lock (&self->mutex);
  advance_turn_locked (self, ready, n);
  g_mutex_unlock (&self->mutex);
  return n;
}

/* What the main loop's own poll has found. */
static guint
fetch_polled (ProcstreamPollSet *self,
              Ready             *ready)
{
  guint n = 0;

  g_mutex_lock (&self->mutex);
  for (guint i = 0; i < self->slots->len && n < BATCH; i++)
    {
      guint        index = (self->turn + i) % self->slots->len;
      Slot        *slot = &g_array_index (self->slots, Slot, index);
      GIOCondition condition = slot->used && slot->tag ? g_source_query_unix_fd (self->source, slot->tag) : 0;

      if (condition)
        ready[n++] = (Ready){ make_watch (slot->generation, index), condition };
    }
  advance_turn_locked (self, ready, n);
  g_mutex_unlock (&self->mutex);
  return n;
}

static int
get_epoll_fd (ProcstreamPollSet *self)
{
  int fd;

  g_mutex_lock (&self->mutex);
  fd = self->epoll_fd;
  g_mutex_unlock (&self->mutex);
  return fd;
}

static guint
fetch (ProcstreamPollSet *self,
       Ready             *ready)
{
  int      epoll_fd = get_epoll_fd (self);
  gboolean fresh = self->fresh;

  self->fresh = FALSE;
  if (epoll_fd >= 0)
    return fetch_epoll (epoll_fd, ready);
  return fresh ? fetch_polled (self, ready) : fetch_poll (self, ready);
}

/* Gives out the callback of a slot that may be served now, with a reference to its data. */
static gboolean
begin (ProcstreamPollSet *self,
       ProcstreamWatch    watch,
       Slot              *copy)
{
  Slot    *slot;
  gboolean serve = FALSE;

  g_mutex_lock (&self->mutex);
  slot = lookup_locked (self, watch);
  if (slot && slot->running)
    {
      slot->held = TRUE;
      sync_locked (self, slot);
    }
  else if (slot && slot->armed)
    {
      serve = slot->running = TRUE;
      *copy = *slot;
      copy->ref (copy->data);
    }
  g_mutex_unlock (&self->mutex);
  return serve;
}

static void
finish (ProcstreamPollSet *self,
        ProcstreamWatch    watch)
{
  Slot *slot;

  g_mutex_lock (&self->mutex);
  slot = lookup_locked (self, watch);
  if (slot)
    {
      slot->running = slot->held = FALSE;
      sync_locked (self, slot);
    }
  g_mutex_unlock (&self->mutex);
}

static gboolean
serve (ProcstreamPollSet *self,
       const Ready       *ready)
{
  Slot slot;

  if (!begin (self, ready->watch, &slot))
    return FALSE;
  slot.func (slot.data, ready->condition);
  finish (self, ready->watch);
  slot.unref (slot.data);
  return TRUE;
}

gboolean
procstream_poll_set_dispatch (ProcstreamPollSet *self)
{
  Ready    ready[BATCH];
  guint    round = ++self->round;
  guint    n = fetch (self, ready);
  gboolean is_io = procstream_io_thread_has_context (self->context);
  gboolean any = FALSE;

  for (guint i = 0; i < n && round == self->round; i++)
    {
      any |= serve (self, &ready[i]);
      /* A line that was just read does not wait for the other descriptors. */
      if (is_io)
        procstream_dispatcher_wake_noted ();
    }
  return any;
}

/* Called after each poll. What that found may be used once: a nested iteration that came in between has served it. */
static gboolean
poll_source_check (GSource *source)
{
  ((PollSource *) source)->set->fresh = TRUE;
  return FALSE;
}

static gboolean
poll_source_dispatch (GSource    *source,
                      GSourceFunc callback,
                      gpointer    user_data)
{
  ProcstreamPollSet *set = ((PollSource *) source)->set;
  gpointer           dispatcher;

  /* The kernel's set is shared with the original, which alone may use it. */
  if (procstream_platform_forked ())
    return G_SOURCE_REMOVE;
  /* A line that was just read is handed out at once, not after another round of polling. */
  dispatcher = procstream_dispatcher_enter (set->context);
  procstream_poll_set_dispatch (set);
  procstream_dispatcher_leave (dispatcher, g_source_get_priority (source));
  return G_SOURCE_CONTINUE;
}

static void
poll_source_finalize (GSource *source)
{
  g_clear_pointer (&((PollSource *) source)->set, set_unref_memory);
}

/* When check says no, a source is still ready if one of its descriptors is. */
static GSourceFuncs poll_source_funcs = { .check = poll_source_check, .dispatch = poll_source_dispatch, .finalize = poll_source_finalize };

void
procstream_poll_set_append_fds (ProcstreamPollSet *self,
                                GArray            *fds)
{
  GPollFD fd = { .events = G_IO_IN };

  g_mutex_lock (&self->mutex);
  fd.fd = self->epoll_fd;
  if (self->epoll_fd >= 0)
    g_array_append_val (fds, fd);
  else
    append_watched_locked (self, fds, NULL);
  g_mutex_unlock (&self->mutex);
}

/* --- The set ------------------------------------------------------------------------------------------------------------------ */

static int
open_epoll (void)
{
  int fd;

  if (!procstream_platform_has (PROCSTREAM_FEATURE_EPOLL))
    return -1;
  fd = epoll_create1 (EPOLL_CLOEXEC);
  if (fd < 0 && errno == ENOSYS)
    procstream_platform_disable (PROCSTREAM_FEATURE_EPOLL);
  return procstream_fd_above_standard (fd);
}

static gboolean
refuses_adds (void)
{
  if (g_atomic_int_get (&procstream_poll_set_adds_left) != 0)
    return FALSE;
  errno = ENOSPC;
  return TRUE;
}

static gboolean
add_all_locked (ProcstreamPollSet *self,
                int                epoll_fd)
{
  for (guint i = 0; i < self->slots->len; i++)
    {
      Slot              *slot = &g_array_index (self->slots, Slot, i);
      struct epoll_event event = { .events = slot->condition, .data.u64 = make_watch (slot->generation, i) };

      if (slot->used && slot->watched && (refuses_adds () || epoll_ctl (epoll_fd, EPOLL_CTL_ADD, slot->fd, &event) < 0))
        return FALSE;
    }
  return TRUE;
}

/* Goes over to epoll when there are more watches than the source should have itself, if there is epoll. Where the kernel takes not all
 * of them, it stays as it is. */
static void
outgrow_locked (ProcstreamPollSet *self)
{
  int fd;

  if (self->epoll_fd >= 0 || self->slots->len - self->free_list->len < self->direct_limit)
    return;
  fd = open_epoll ();
  if (fd < 0)
    return;
  if (!add_all_locked (self, fd))
    {
      close (fd);
      return;
    }
  for (guint i = 0; i < self->slots->len; i++)
    {
      Slot *slot = &g_array_index (self->slots, Slot, i);

      if (slot->used && slot->watched)
        unwatch_locked (self, slot);
    }
  self->epoll_fd = fd;
  g_source_add_unix_fd (self->source, fd, G_IO_IN);
}

static ProcstreamPollSet *
set_new (GMainContext *context)
{
  ProcstreamPollSet *self = g_new0 (ProcstreamPollSet, 1);

  procstream_platform_note_process ();
  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->mutex);
  self->users = 1;
  self->context = g_main_context_ref (context);
  self->slots = g_array_new (FALSE, TRUE, sizeof (Slot));
  self->free_list = g_array_new (FALSE, FALSE, sizeof (guint));
  self->epoll_fd = -1;
  self->direct_limit = procstream_io_thread_has_context (context) ? 0 : procstream_poll_set_direct_limit;
  self->source = g_source_new (&poll_source_funcs, sizeof (PollSource));
  g_atomic_ref_count_inc (&self->ref_count);
  ((PollSource *) self->source)->set = self;
  g_source_set_static_name (self->source, "procstream-poll-set");
  g_source_set_can_recurse (self->source, TRUE);
  g_source_attach (self->source, context);
  return self;
}

static ProcstreamPollSet *
lookup_set_locked (GMainContext *context)
{
  ProcstreamPollSet *self = registry ? g_hash_table_lookup (registry, context) : NULL;

  if (self)
    self->users++;
  return self;
}

ProcstreamPollSet *
procstream_poll_set_lookup (GMainContext *context)
{
  ProcstreamPollSet *self;

  g_mutex_lock (&registry_mutex);
  self = lookup_set_locked (context);
  g_mutex_unlock (&registry_mutex);
  return self;
}

ProcstreamPollSet *
procstream_poll_set_get (GMainContext *context)
{
  ProcstreamPollSet *self;

  g_mutex_lock (&registry_mutex);
  self = lookup_set_locked (context);
  if (self == NULL)
    {
      if (registry == NULL)
        registry = g_hash_table_new (NULL, NULL);
      self = set_new (context);
      g_hash_table_insert (registry, context, self);
    }
  g_mutex_unlock (&registry_mutex);
  return self;
}

ProcstreamPollSet *
procstream_poll_set_ref (ProcstreamPollSet *self)
{
  g_mutex_lock (&registry_mutex);
  self->users++;
  g_mutex_unlock (&registry_mutex);
  return self;
}

void
procstream_poll_set_unref (ProcstreamPollSet *self)
{
  gboolean last;

  /* A mutex may be held for ever in a forked copy, by a thread that is not there: what it inherited is left alone. */
  if (procstream_platform_forked ())
    return;
  g_mutex_lock (&registry_mutex);
  last = --self->users == 0;
  if (last)
    {
      g_hash_table_remove (registry, self->context);
      if (g_hash_table_size (registry) == 0)
        g_clear_pointer (&registry, g_hash_table_unref);
    }
  g_mutex_unlock (&registry_mutex);
  if (!last)
    return;
  g_source_destroy (self->source);
  g_source_unref (self->source);
  g_main_context_unref (self->context);
  set_unref_memory (self);
}

/* --- Watches ------------------------------------------------------------------------------------------------------------------ */

/* With epoll the kernel has to be asked: not only files cannot be polled. poll() says that they are always ready. */
static gboolean
can_watch_locked (ProcstreamPollSet *self,
                  int                fd)
{
  struct epoll_event event = { 0 };
  struct stat        info;

  if (self->epoll_fd >= 0)
    return !refuses_adds () &&
           epoll_ctl (self->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0 &&
           epoll_ctl (self->epoll_fd, EPOLL_CTL_DEL, fd, NULL) == 0;
  if (fstat (fd, &info) < 0)
    return FALSE;
  errno = EPERM;
  return S_ISFIFO (info.st_mode) || S_ISSOCK (info.st_mode) || S_ISCHR (info.st_mode) || (info.st_mode & S_IFMT) == 0;
}

static ProcstreamWatch
add_locked (ProcstreamPollSet *self,
            const Slot        *values)
{
  Slot   *slot;
  guint   index;
  guint32 generation;

  outgrow_locked (self);
  if (!can_watch_locked (self, values->fd))
    return 0;
  index = take_slot_locked (self);
  slot = &g_array_index (self->slots, Slot, index);
  generation = slot->generation;
  *slot = *values;
  slot->used = TRUE;
  slot->generation = generation;
  if (g_atomic_int_get (&procstream_poll_set_adds_left) > 0)
    g_atomic_int_add (&procstream_poll_set_adds_left, -1);
  return make_watch (generation, index);
}

ProcstreamWatch
procstream_poll_set_add (ProcstreamPollSet  *self,
                         int                 fd,
                         GIOCondition        condition,
                         ProcstreamWatchFunc func,
                         gpointer            data,
                         gpointer (*ref) (gpointer),
                         void (*unref) (gpointer))
{
  Slot            values = { .fd = fd, .condition = condition, .func = func, .data = data, .ref = ref, .unref = unref };
  ProcstreamWatch watch;

  if (procstream_platform_forked ())
    return 0;
  g_mutex_lock (&self->mutex);
  watch = add_locked (self, &values);
  g_mutex_unlock (&self->mutex);
  if (watch != 0)
    procstream_poll_set_ref (self);
  return watch;
}

static void
set_armed (ProcstreamPollSet *self,
           ProcstreamWatch    watch,
           gboolean           armed)
{
  Slot *slot;

  if (procstream_platform_forked ())
    return;
  g_mutex_lock (&self->mutex);
  slot = lookup_locked (self, watch);
  if (slot)
    {
      slot->armed = armed;
      sync_locked (self, slot);
    }
  g_mutex_unlock (&self->mutex);
  /* Who sleeps there in a blocking call polls what was watched when it fell asleep. The I/O thread makes no such calls. */
  if (slot && armed && !procstream_io_thread_has_context (self->context))
    procstream_dispatcher_wake_sleeper (self->context);
}

void
procstream_poll_set_arm (ProcstreamPollSet *self,
                         ProcstreamWatch    watch)
{
  set_armed (self, watch, TRUE);
}

void
procstream_poll_set_disarm (ProcstreamPollSet *self,
                            ProcstreamWatch    watch)
{
  set_armed (self, watch, FALSE);
}

void
procstream_poll_set_remove (ProcstreamPollSet *self,
                            ProcstreamWatch    watch)
{
  Slot *slot;
  guint index = (guint32) watch - 1;

  if (procstream_platform_forked ())
    return;
  g_mutex_lock (&self->mutex);
  slot = lookup_locked (self, watch);
  if (slot)
    {
      slot->armed = FALSE;
      sync_locked (self, slot);
      slot->used = FALSE;
      slot->generation++;
      g_array_append_val (self->free_list, index);
    }
  g_mutex_unlock (&self->mutex);
  if (slot)
    procstream_poll_set_unref (self);
}
