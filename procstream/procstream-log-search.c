/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-log-model-private.h"

#include "procstream-line-search-private.h"
#include "procstream-platform-private.h"
#include "procstream-waiters-private.h"
#include "procstream-worker-private.h"

/*
 * A search goes through a snapshot, in a worker: the list may change meanwhile, and a regular expression may take for ever. Whoever wanted it
 * waits for its waiters, and may stop waiting at any time; then stop tells the worker, which looks after each line. What it found is an id, for
 * positions move. When a line that it finds has left the list (the record knows where that begins), it goes on with the first that has
 * not; so all that can still happen to what was found is that it goes between there and the callback.
 *
 * Counted: one reference is the worker's, one is that of who waits. id is written before waiters are completed, and read after.
 */
typedef struct
{
  gatomicrefcount         ref_count;
  ProcstreamLogRecord    *record;
  ProcstreamLineSnapshot *snapshot;
  ProcstreamLineMatcher  *matcher;
  ProcstreamWaiters      *waiters;
  guint64                 start;
  gboolean                backward;
  gboolean                stop; /* atomic */
  gboolean                found;
  guint64                 id;
} Search;

static void
search_unref (gpointer data)
{
  Search *self = data;

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  procstream_log_record_unref (self->record);
  procstream_line_snapshot_free (self->snapshot);
  procstream_line_matcher_free (self->matcher);
  procstream_waiters_unref (self->waiters);
  g_free (self);
}

/* Nobody waits any more. */
static void
search_abandon (gpointer data)
{
  Search *self = data;

  g_atomic_int_set (&self->stop, TRUE);
  search_unref (self);
}

static void
search_run (Search  *self,
            GError **error)
{
  ProcstreamStoredLine line;
  GError              *failure = NULL;
  guint64              id = self->start;

  while (!g_atomic_int_get (&self->stop) && procstream_line_snapshot_lookup (self->snapshot, id, &line))
    {
      guint64 first;

      self->found = procstream_line_matcher_match (self->matcher, &line, &failure);
      if (failure)
        {
          g_propagate_error (error, failure);
          return;
        }
      self->id = id;
      first = self->found ? procstream_log_record_get_first_shown (self->record) : 0;
      if (self->found && id >= first)
        return;
      self->found = FALSE;
      id = self->backward ? id - 1 : MAX (id + 1, first);
    }
}

static gpointer
search_in_worker (gpointer data)
{
  Search *self = data;
  g_autoptr (GError) error = NULL;

  search_run (self, &error);
  procstream_waiters_complete (self->waiters, error);
  search_unref (self);
  return NULL;
}

/* @matcher is taken. Two references are the caller's: its own, and the worker's. */
static Search *
search_new (ProcstreamLogModel    *model,
            ProcstreamLineMatcher *matcher,
            ProcstreamFindFlags    flags,
            guint                  start)
{
  Search *self = g_new0 (Search, 1);
  guint64 first, end;

  g_atomic_ref_count_init (&self->ref_count);
  g_atomic_ref_count_inc (&self->ref_count);
  self->record = procstream_log_record_ref (procstream_log_model_get_record (model));
  self->snapshot = procstream_line_store_snapshot (procstream_log_model_get_shown (model));
  self->matcher = matcher;
  self->waiters = procstream_waiters_new ();
  self->backward = (flags & PROCSTREAM_FIND_FLAGS_BACKWARD) != 0;
  first = procstream_line_snapshot_get_first (self->snapshot);
  end = procstream_line_snapshot_get_end (self->snapshot);
  self->start = first + start;
  if (self->backward && self->start >= end)
    self->start = end - 1;
  return self;
}

static ProcstreamLineMatcher *
new_text_matcher (const char         *text,
                  ProcstreamFindFlags flags,
                  GError            **error)
{
  return procstream_line_matcher_new_text (text, (flags & PROCSTREAM_FIND_FLAGS_CASELESS) != 0, error);
}

/* -1 when there is none. */
static gint64
get_position (ProcstreamLogModel *model,
              gboolean            found,
              guint64             id)
{
  guint64 first = procstream_line_store_get_first (procstream_log_model_get_shown (model));

  return found && id >= first ? (gint64) (id - first) : -1;
}

/**
 * procstream_log_model_find:
 * @self: a log model
 * @text: what to look for
 * @flags: how to look
 * @start: the position at which to begin; with %PROCSTREAM_FIND_FLAGS_BACKWARD, a
 *   position behind the end stands for the last line
 *
 * Looks for a text in the lines that are shown, from @start on: the line at @start is the
 * first that may be found. Items that stand for gaps are not.
 *
 * It goes through the lines at once, which takes some milliseconds for a long list;
 * [method@Procstream.LogModel.find_async] leaves that to a thread.
 *
 * Returns: the position of the first line that has it, or -1
 *
 * Since: 1.0
 */
gint64
procstream_log_model_find (ProcstreamLogModel *self,
                           const char         *text,
                           ProcstreamFindFlags flags,
                           guint               start)
{
  ProcstreamLineMatcher *matcher;
  Search                *search;
  gint64                 position;

  g_return_val_if_fail (PROCSTREAM_IS_LOG_MODEL (self), -1);
  g_return_val_if_fail (text != NULL && g_utf8_validate (text, -1, NULL), -1);

  matcher = new_text_matcher (text, flags, NULL);
  if (matcher == NULL)
    return -1;
  search = search_new (self, matcher, flags, start);
  search_run (search, NULL);
  position = get_position (self, search->found, search->id);
  search_unref (search);
  search_unref (search); /* NOLINT(clang-analyzer-unix.Malloc): a search is made with a reference for who runs it and one for who waits */
  return position;
}

/* Takes @matcher, or in its place @error, and @task. */
static void
find_in_worker (ProcstreamLogModel    *self,
                ProcstreamLineMatcher *matcher,
                GError                *error,
                ProcstreamFindFlags    flags,
                guint                  start,
                GTask                 *task)
{
  Search *search;

  if (error == NULL && !procstream_platform_check_forked ("search a log", &error))
    procstream_line_matcher_free (matcher);
  if (error)
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  search = search_new (self, matcher, flags, start);
  g_task_set_task_data (task, search, search_abandon);
  procstream_waiters_add_task (search->waiters, task);
  procstream_worker_run ("procstream-find", search_in_worker, search);
}

static gint64
finish (ProcstreamLogModel *self,
        GAsyncResult       *result,
        GError            **error)
{
  Search *search = g_task_get_task_data (G_TASK (result));

  if (!g_task_propagate_boolean (G_TASK (result), error))
    return -1;
  return get_position (self, search->found, search->id);
}

/**
 * procstream_log_model_find_async:
 * @self: a log model
 * @text: what to look for
 * @flags: how to look
 * @start: the position at which to begin; with %PROCSTREAM_FIND_FLAGS_BACKWARD, a
 *   position behind the end stands for the last line
 * @cancellable: (nullable): stops the search
 * @callback: (nullable): called when it is over
 * @user_data: data for @callback
 *
 * Looks for a text, as [method@Procstream.LogModel.find] does, in a thread of the
 * library, in the lines that are shown now.
 *
 * Since: 1.0
 */
void
procstream_log_model_find_async (ProcstreamLogModel *self,
                                 const char         *text,
                                 ProcstreamFindFlags flags,
                                 guint               start,
                                 GCancellable       *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer            user_data)
{
  ProcstreamLineMatcher *matcher;
  GError                *error = NULL;
  GTask                 *task;

  g_return_if_fail (PROCSTREAM_IS_LOG_MODEL (self));
  g_return_if_fail (text != NULL && g_utf8_validate (text, -1, NULL));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, procstream_log_model_find_async);
  matcher = new_text_matcher (text, flags, &error);
  find_in_worker (self, matcher, error, flags, start, task);
}

/**
 * procstream_log_model_find_finish:
 * @self: a log model
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Finishes [method@Procstream.LogModel.find_async].
 *
 * Returns: where the line is now that was found; -1 when there is none, or when it has just left
 *   the list; or -1 with %G_IO_ERROR_CANCELLED or %PROCSTREAM_CHILD_ERROR_FORKED
 *
 * Since: 1.0
 */
gint64
procstream_log_model_find_finish (ProcstreamLogModel *self,
                                  GAsyncResult       *result,
                                  GError            **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), -1);
  g_return_val_if_fail (g_async_result_is_tagged (result, procstream_log_model_find_async), -1);

  return finish (self, result, error);
}

/**
 * procstream_log_model_find_regex:
 * @self: a log model
 * @regex: what to look for; of it a copy is made, so it may be used elsewhere at the
 *   same time
 * @flags: how to look; %PROCSTREAM_FIND_FLAGS_CASELESS does not count, the expression
 *   says that itself
 * @start: the position at which to begin; with %PROCSTREAM_FIND_FLAGS_BACKWARD, a
 *   position behind the end stands for the last line
 * @timeout_ms: how long to wait at most, in milliseconds, or
 *   %PROCSTREAM_NO_TIMEOUT
 * @cancellable: (nullable): stops the search
 * @error: return location for an error
 *
 * Looks for a line that a regular expression matches, in the lines that are shown now,
 * in a thread of the library, and blocks until that is over. Meanwhile the handlers and
 * consumers of all objects of this library in its main context are served, so the list
 * may change.
 *
 * An expression that takes for ever goes on in that thread when the wait is over, until it
 * comes to its limits, or to the end of the line.
 *
 * Returns: where the line is that was found; -1 when there is none; or -1 with
 *   %G_IO_ERROR_TIMED_OUT, %G_IO_ERROR_CANCELLED, an error of #GRegexError, or
 *   %PROCSTREAM_CHILD_ERROR_FORKED
 *
 * Since: 1.0
 */
gint64
procstream_log_model_find_regex (ProcstreamLogModel *self,
                                 GRegex             *regex,
                                 ProcstreamFindFlags flags,
                                 guint               start,
                                 gint64              timeout_ms,
                                 GCancellable       *cancellable,
                                 GError            **error)
{
  ProcstreamLineMatcher *matcher;
  Search                *search;
  gint64                 position = -1;

  g_return_val_if_fail (PROCSTREAM_IS_LOG_MODEL (self), -1);
  g_return_val_if_fail (regex != NULL, -1);
  g_return_val_if_fail (timeout_ms >= -1, -1);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), -1);
  g_return_val_if_fail (error == NULL || *error == NULL, -1);

  if (!procstream_platform_check_forked ("search a log", error))
    return -1;
  matcher = procstream_line_matcher_new_regex (regex, error);
  if (matcher == NULL)
    return -1;
  g_object_ref (self);
  search = search_new (self, matcher, flags, start);
  procstream_worker_run ("procstream-find", search_in_worker, search);
  if (procstream_waiters_wait (search->waiters, procstream_log_model_get_context (self), procstream_log_model_get_owner_thread (self),
                               "a search to end", timeout_ms, cancellable, error))
    position = get_position (self, search->found, search->id);
  search_abandon (search);
  g_object_unref (self);
  return position;
}

/**
 * procstream_log_model_find_regex_async:
 * @self: a log model
 * @regex: what to look for; of it a copy is made, so it may be used elsewhere at the
 *   same time
 * @flags: how to look; %PROCSTREAM_FIND_FLAGS_CASELESS does not count, the expression
 *   says that itself
 * @start: the position at which to begin; with %PROCSTREAM_FIND_FLAGS_BACKWARD, a
 *   position behind the end stands for the last line
 * @cancellable: (nullable): stops the search
 * @callback: (nullable): called when it is over
 * @user_data: data for @callback
 *
 * Looks for a line that a regular expression matches, as
 * [method@Procstream.LogModel.find_regex] does, without blocking.
 *
 * Since: 1.0
 */
void
procstream_log_model_find_regex_async (ProcstreamLogModel *self,
                                       GRegex             *regex,
                                       ProcstreamFindFlags flags,
                                       guint               start,
                                       GCancellable       *cancellable,
                                       GAsyncReadyCallback callback,
                                       gpointer            user_data)
{
  ProcstreamLineMatcher *matcher;
  GError                *error = NULL;
  GTask                 *task;

  g_return_if_fail (PROCSTREAM_IS_LOG_MODEL (self));
  g_return_if_fail (regex != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, procstream_log_model_find_regex_async);
  matcher = procstream_line_matcher_new_regex (regex, &error);
  find_in_worker (self, matcher, error, flags, start, task);
}

/**
 * procstream_log_model_find_regex_finish:
 * @self: a log model
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Finishes [method@Procstream.LogModel.find_regex_async].
 *
 * Returns: where the line is now that was found; -1 when there is none, or when it has just left
 *   the list; or -1 with %G_IO_ERROR_CANCELLED, an error of #GRegexError, or
 *   %PROCSTREAM_CHILD_ERROR_FORKED
 *
 * Since: 1.0
 */
gint64
procstream_log_model_find_regex_finish (ProcstreamLogModel *self,
                                        GAsyncResult       *result,
                                        GError            **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), -1);
  g_return_val_if_fail (g_async_result_is_tagged (result, procstream_log_model_find_regex_async), -1);

  return finish (self, result, error);
}
