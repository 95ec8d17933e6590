/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-line-waiter.h"

#include "procstream-consumer-options-private.h"
#include "procstream-consumer-private.h"
#include "procstream-line-waiter-private.h"
#include "procstream-match-private.h"
#include "procstream-output-config-private.h"

/**
 * ProcstreamLineWaiter:
 *
 * A consumer that waits for a line.
 *
 * What it waits for is added first: text and regular expressions with
 * [method@Procstream.LineWaiter.add_pattern] and
 * [method@Procstream.LineWaiter.add_regex], functions of the program with
 * [method@Procstream.LineWaiter.add_function]. Then it is attached, to one output
 * with [method@Procstream.Output.attach] or to both outputs of a child with
 * [method@Procstream.Child.attach_waiter], and waited for with
 * [method@Procstream.LineWaiter.wait_match_async]. For a single pattern
 * [method@Procstream.Child.expect] does it all.
 *
 * It searches what replay kept and then what comes. The first line that a pattern finds
 * is the match, in the order in which the lines were read; where several
 * patterns find the same line, the one that was added first counts. With the match
 * the waiter is done, and follows the output no more.
 *
 * ## Failing
 *
 * When an output ends, or the process of a child exits, and everything was
 * searched, waiting fails at once with %PROCSTREAM_CHILD_ERROR_NO_MATCH; so it does when the
 * program ends the waiter with [method@Procstream.Consumer.mark_done]. The message says what
 * was waited for, for how long, how the process ended, and what its last lines
 * were: at most ten, from the last 4 KiB of each output.
 *
 * When both outputs of a child have ended, and it goes on, that comes a second later: for so
 * long its exit is waited for, to be able to tell how it ended.
 *
 * ## Which patterns run where
 *
 * Text is searched for in the library's I/O thread, whether a main loop runs or not.
 * Regular expressions are matched in a thread of their own, which they cannot leave
 * before they are through: one that takes for ever holds up this waiter, and neither
 * another subscriber nor the main loop, nor its own timeout or cancelling. That thread
 * ends with the line that it is busy with. A line for which the regular
 * expression library reaches its own limit is counted in
 * [property@Procstream.LineWaiter:lines-skipped]. Functions of the program are called in the
 * thread-default main context of the thread that created the waiter.
 *
 * With reliable delivery a waiter that does not keep up holds up its output. One with a
 * regular expression that does so for longer than
 * [property@Procstream.Consumer:max-stall-ms], which for it is
 * %PROCSTREAM_LINE_WAITER_MAX_STALL_MS unless it or the output has another, is dropped, and
 * waiting fails with %PROCSTREAM_CHILD_ERROR_STALLED.
 *
 * A line is searched up to [property@Procstream.Consumer:max-line-length]; a longer
 * one as [property@Procstream.Consumer:line-overflow] says.
 *
 * Attached in the middle of a line, or after a gap in one, it searches the rest of it, which is
 * [property@Procstream.Line:torn]: there `^` and the flags %PROCSTREAM_MATCH_PREFIX and
 * %PROCSTREAM_MATCH_WHOLE_LINE find nothing at its beginning. With %PROCSTREAM_MATCH_NEXT,
 * which all of its patterns have or none, it begins where the match before ended: see
 * [method@Procstream.Child.expect]. It moves that place when it gives its own match.
 *
 * With lossy delivery, and where it was attached after the beginning, it can have missed the line:
 * see [property@Procstream.Consumer:bytes-lost].
 *
 * Since: 1.0
 */

/*
 * The search does it all; this is what the program sees of it. The functions of the program stand here, each with the number of its
 * pattern: they and their data belong to the thread of the context, and are let go there as soon as they are not needed any more, for they may hold
 * this object.
 */
typedef struct
{
  guint               pattern;
  ProcstreamMatchFunc func;
  gpointer            user_data;
  GDestroyNotify      destroy;
} Function;

struct _ProcstreamLineWaiter
{
  ProcstreamConsumer parent_instance;

  ProcstreamLineSeeker *search;
  GPtrArray            *functions; /* of Function */
  gint64                timeout_ms;
  ProcstreamMatch      *match; /* atomic; made when it is asked for */
};

G_DEFINE_FINAL_TYPE (ProcstreamLineWaiter, procstream_line_waiter, PROCSTREAM_TYPE_CONSUMER)

enum
{
  PROP_0,
  PROP_TIMEOUT_MS,
  PROP_MATCH,
  PROP_LINES_SEARCHED,
  PROP_LINES_SKIPPED,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

/* --- Functions of the program ------------------------------------------------------------------------------------------------- */

static void
function_free (gpointer data)
{
  Function *self = data;

  if (self->destroy)
    self->destroy (self->user_data);
  g_free (self);
}

static gboolean
ask_cb (GObject        *outer,
        guint           pattern,
        ProcstreamLine *line)
{
  ProcstreamLineWaiter *self = PROCSTREAM_LINE_WAITER (outer);

  for (guint i = 0; i < self->functions->len; i++)
    {
      const Function *function = g_ptr_array_index (self->functions, i);

      if (function->pattern == pattern)
        return function->func (line, function->user_data);
    }
  return FALSE;
}

static void
forget_cb (GObject *outer)
{
  ProcstreamLineWaiter *self = PROCSTREAM_LINE_WAITER (outer);
  g_autoptr (GPtrArray) functions = g_steal_pointer (&self->functions);

  self->functions = g_ptr_array_new_with_free_func (function_free);
}

static const ProcstreamLineSeekerOps search_ops = { ask_cb, forget_cb };

/* --- The consumer ------------------------------------------------------------------------------------------------------------- */

static gboolean
search_attach (gpointer                     native,
               const ProcstreamLineOptions *lines,
               gboolean                    *wants_lines,
               GError                     **error)
{
  *wants_lines = TRUE;
  return procstream_line_seeker_add_leg (native, lines, error);
}

static void
search_attached (gpointer native)
{
  procstream_line_seeker_begin (native);
}

static void
search_ready (gpointer native)
{
  procstream_line_seeker_ready (native);
}

static void
search_paused (gpointer native)
{
  procstream_line_seeker_give_up_history (native);
}

static void
search_over (gpointer native)
{
  procstream_line_seeker_over (native);
}

static guint64
search_get_bytes_torn (gpointer native)
{
  ProcstreamLineSeekerCounts counts;

  procstream_line_seeker_get_counts (native, &counts);
  return counts.torn;
}

static void
search_add_lag (gpointer       native,
                ProcstreamLag *lag)
{
  procstream_line_seeker_add_lag (native, lag);
}

static void
search_free (gpointer native)
{
  procstream_line_seeker_free (native);
}

static void
search_muted (gpointer native)
{
  procstream_line_seeker_mute (native);
}

static const ProcstreamNativeClass native_class = {
  .muted = search_muted,
  .attach = search_attach,
  .attached = search_attached,
  .ready = search_ready,
  .over = search_over,
  .get_bytes_torn = search_get_bytes_torn,
  .paused = search_paused,
  .resumed = search_ready,
  .add_lag = search_add_lag,
  .free = search_free,
};

typedef struct
{
  ProcstreamDelivery    delivery;
  ProcstreamLineOptions lines;
} LegOptions;

static gboolean
resolve (ProcstreamLineWaiter *self,
         ProcstreamOutputCore *output,
         LegOptions           *options,
         GError              **error)
{
  const ProcstreamOutputSettings *settings = procstream_output_core_get_settings (output);
  ProcstreamConsumer             *consumer = PROCSTREAM_CONSUMER (self);

  options->lines = procstream_consumer_resolve_lines (consumer, &settings->lines);
  options->delivery = procstream_consumer_get_delivery (consumer);
  /* An output that is not captured has none. */
  if (options->delivery == PROCSTREAM_DELIVERY_UNSET)
    options->delivery = settings->delivery ? settings->delivery : PROCSTREAM_DELIVERY_LOSSY;
  return procstream_output_settings_check_delivery (options->delivery, G_OBJECT_TYPE_NAME (self), error) &&
         procstream_output_settings_check_lines (&options->lines, G_OBJECT_TYPE_NAME (self), error);
}

static gboolean
claim_both (ProcstreamOutputCore *outputs[2],
            GError              **error)
{
  if (!procstream_output_core_claim (outputs[0], error))
    return FALSE;
  if (procstream_output_core_claim (outputs[1], error))
    return TRUE;
  procstream_output_core_unclaim (outputs[0]);
  return FALSE;
}

/* With the places that it takes, and then for certain. */
static gboolean
begin_both (ProcstreamLineWaiter *self,
            ProcstreamOutputCore *outputs[2],
            const char           *process,
            GError              **error)
{
  ProcstreamConsumer *consumer = PROCSTREAM_CONSUMER (self);
  gboolean            claims = procstream_consumer_get_state (consumer) == PROCSTREAM_CONSUMER_STATE_NONE;

  if (claims && !claim_both (outputs, error))
    return FALSE;
  if (procstream_consumer_begin (consumer, procstream_output_core_get_family (outputs[0]), process, error))
    return TRUE;
  for (guint i = 0; claims && i < 2; i++)
    procstream_output_core_unclaim (outputs[i]);
  return FALSE;
}

gboolean
procstream_line_waiter_attach_both (ProcstreamLineWaiter *self,
                                    ProcstreamOutputCore *outputs[2],
                                    const char           *process,
                                    void (*over) (gpointer data),
                                    gpointer       data,
                                    GDestroyNotify destroy,
                                    GError       **error)
{
  LegOptions options[2];

  for (guint i = 0; i < 2; i++)
    if (!resolve (self, outputs[i], &options[i], error))
      return FALSE;
  if (!procstream_line_seeker_check (self->search, error) || !begin_both (self, outputs, process, error))
    return FALSE;
  procstream_line_seeker_expect_exit (self->search, process, over, data, destroy);
  for (guint i = 0; i < 2; i++)
    procstream_line_seeker_add_output (self->search, outputs[i], options[i].delivery, &options[i].lines);
  procstream_line_seeker_begin (self->search);
  return TRUE;
}

ProcstreamLineSeeker *
procstream_line_waiter_get_search (ProcstreamLineWaiter *self)
{
  return self->search;
}

/* Takes @found. */
static ProcstreamMatch *
ensure_match (ProcstreamLineWaiter *self,
              ProcstreamFoundLine  *found)
{
  if (found && g_atomic_pointer_get (&self->match) == NULL)
    {
      g_autoptr (ProcstreamMatch) match = procstream_match_new (found);

      if (g_atomic_pointer_compare_and_exchange (&self->match, NULL, match))
        g_steal_pointer (&match);
    }
  if (found)
    procstream_found_line_unref (found);
  return g_atomic_pointer_get (&self->match);
}

ProcstreamMatch *
procstream_line_waiter_dup_match (ProcstreamLineWaiter *self,
                                  GError              **error)
{
  GError              *failure = NULL;
  ProcstreamFoundLine *found = procstream_line_seeker_dup_found (self->search, &failure);

  if (found)
    return g_object_ref (ensure_match (self, found));
  g_propagate_error (error, failure);
  return NULL;
}

/* --- The class ---------------------------------------------------------------------------------------------------------------- */

static void
procstream_line_waiter_finalize (GObject *object)
{
  ProcstreamLineWaiter *self = PROCSTREAM_LINE_WAITER (object);

  procstream_line_seeker_close (self->search);
  g_clear_pointer (&self->functions, g_ptr_array_unref);
  g_clear_object (&self->match);
  G_OBJECT_CLASS (procstream_line_waiter_parent_class)->finalize (object);
}

static void
procstream_line_waiter_get_property (GObject    *object,
                                     guint       property_id,
                                     GValue     *value,
                                     GParamSpec *pspec)
{
  ProcstreamLineWaiter *self = PROCSTREAM_LINE_WAITER (object);

  switch (property_id)
    {
    case PROP_TIMEOUT_MS:
      g_value_set_int64 (value, self->timeout_ms);
      break;
    case PROP_MATCH:
      g_value_set_object (value, procstream_line_waiter_get_match (self));
      break;
    case PROP_LINES_SEARCHED:
      g_value_set_uint64 (value, procstream_line_waiter_get_lines_searched (self));
      break;
    case PROP_LINES_SKIPPED:
      g_value_set_uint64 (value, procstream_line_waiter_get_lines_skipped (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
procstream_line_waiter_set_property (GObject      *object,
                                     guint         property_id,
                                     const GValue *value,
                                     GParamSpec   *pspec)
{
  if (property_id == PROP_TIMEOUT_MS)
    procstream_line_waiter_set_timeout_ms (PROCSTREAM_LINE_WAITER (object), g_value_get_int64 (value));
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
}

static void
procstream_line_waiter_class_init (ProcstreamLineWaiterClass *klass)
{
  GObjectClass     *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->finalize = procstream_line_waiter_finalize;
  object_class->get_property = procstream_line_waiter_get_property;
  object_class->set_property = procstream_line_waiter_set_property;
  /**
   * ProcstreamLineWaiter:timeout-ms: (getter get_timeout_ms) (setter set_timeout_ms)
   *
   * How long after attaching the waiter gives up, in milliseconds, or
   * %PROCSTREAM_NO_TIMEOUT, which is the default. Whoever waits for it then gets
   * %G_IO_ERROR_TIMED_OUT. It is measured in the library's I/O thread, whether a main loop
   * runs or not. Read when it is attached.
   *
   * Since: 1.0
   */
  properties[PROP_TIMEOUT_MS] = g_param_spec_int64 ("timeout-ms", NULL, NULL, -1, G_MAXINT64, -1,
                                                    G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
  /**
   * ProcstreamLineWaiter:match: (getter get_match)
   *
   * The line that was found, or %NULL while none was. Not notified, since it may
   * be found in any thread: use [method@Procstream.LineWaiter.wait_match_async].
   *
   * Since: 1.0
   */
  properties[PROP_MATCH] = g_param_spec_object ("match", NULL, NULL, PROCSTREAM_TYPE_MATCH, readable);
  /**
   * ProcstreamLineWaiter:lines-searched: (getter get_lines_searched)
   *
   * How many lines were searched so far, that of the match included.
   *
   * Since: 1.0
   */
  properties[PROP_LINES_SEARCHED] = g_param_spec_uint64 ("lines-searched", NULL, NULL, 0, G_MAXUINT64, 0, readable);
  /**
   * ProcstreamLineWaiter:lines-skipped: (getter get_lines_skipped)
   *
   * How many of these lines a regular expression gave up on, because it reached a
   * limit of backtracking or of memory: any of them may have been the one.
   *
   * Since: 1.0
   */
  properties[PROP_LINES_SKIPPED] = g_param_spec_uint64 ("lines-skipped", NULL, NULL, 0, G_MAXUINT64, 0, readable);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
procstream_line_waiter_init (ProcstreamLineWaiter *self)
{
  ProcstreamConsumer *consumer = PROCSTREAM_CONSUMER (self);

  self->timeout_ms = -1;
  self->functions = g_ptr_array_new_with_free_func (function_free);
  self->search = procstream_line_seeker_new (&search_ops, G_OBJECT (self), procstream_consumer_get_context (consumer));
  procstream_line_seeker_set_core (self->search, procstream_consumer_set_native (consumer, &native_class, self->search));
}

/* --- Public functions --------------------------------------------------------------------------------------------------------- */

/**
 * procstream_line_waiter_new:
 *
 * Makes a line waiter that has nothing to wait for yet.
 *
 * Returns: (transfer full): a new line waiter
 *
 * Since: 1.0
 */
ProcstreamLineWaiter *
procstream_line_waiter_new (void)
{
  return g_object_new (PROCSTREAM_TYPE_LINE_WAITER, NULL);
}

/**
 * procstream_line_waiter_get_timeout_ms: (get-property timeout-ms)
 * @self: a line waiter
 *
 * Gets how long after attaching it gives up.
 *
 * Returns: milliseconds, or %PROCSTREAM_NO_TIMEOUT
 *
 * Since: 1.0
 */
gint64
procstream_line_waiter_get_timeout_ms (ProcstreamLineWaiter *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LINE_WAITER (self), -1);

  return self->timeout_ms;
}

/**
 * procstream_line_waiter_set_timeout_ms: (set-property timeout-ms)
 * @self: a line waiter
 * @timeout_ms: milliseconds, or %PROCSTREAM_NO_TIMEOUT
 *
 * Sets how long after attaching it gives up. It counts when the waiter is
 * attached.
 *
 * Since: 1.0
 */
void
procstream_line_waiter_set_timeout_ms (ProcstreamLineWaiter *self,
                                       gint64                timeout_ms)
{
  g_return_if_fail (PROCSTREAM_IS_LINE_WAITER (self));
  g_return_if_fail (timeout_ms >= -1);

  if (self->timeout_ms == timeout_ms)
    return;
  self->timeout_ms = timeout_ms;
  procstream_line_seeker_set_timeout (self->search, timeout_ms);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_TIMEOUT_MS]);
}

/**
 * procstream_line_waiter_get_match: (get-property match)
 * @self: a line waiter
 *
 * Gets the line that was found.
 *
 * Returns: (transfer none) (nullable): the match, or %NULL while there is none
 *
 * Since: 1.0
 */
ProcstreamMatch *
procstream_line_waiter_get_match (ProcstreamLineWaiter *self)
{
  ProcstreamMatch *match;

  g_return_val_if_fail (PROCSTREAM_IS_LINE_WAITER (self), NULL);

  match = ensure_match (self, procstream_line_seeker_dup_found (self->search, NULL));
  if (match && procstream_line_seeker_is_next (self->search))
    procstream_match_move_place (match);
  return match;
}

/**
 * procstream_line_waiter_get_lines_searched: (get-property lines-searched)
 * @self: a line waiter
 *
 * Gets how many lines were searched so far.
 *
 * Returns: a number of lines
 *
 * Since: 1.0
 */
guint64
procstream_line_waiter_get_lines_searched (ProcstreamLineWaiter *self)
{
  ProcstreamLineSeekerCounts counts;

  g_return_val_if_fail (PROCSTREAM_IS_LINE_WAITER (self), 0);

  procstream_line_seeker_get_counts (self->search, &counts);
  return counts.searched;
}

/**
 * procstream_line_waiter_get_lines_skipped: (get-property lines-skipped)
 * @self: a line waiter
 *
 * Gets how many lines a regular expression gave up on.
 *
 * Returns: a number of lines
 *
 * Since: 1.0
 */
guint64
procstream_line_waiter_get_lines_skipped (ProcstreamLineWaiter *self)
{
  ProcstreamLineSeekerCounts counts;

  g_return_val_if_fail (PROCSTREAM_IS_LINE_WAITER (self), 0);

  procstream_line_seeker_get_counts (self->search, &counts);
  return counts.skipped;
}

/* --- Patterns ----------------------------------------------------------------------------------------------------------------- */

/**
 * procstream_line_waiter_add_pattern:
 * @self: a line waiter that was not attached
 * @pattern: text, or the source of a regular expression
 * @flags: how it is to be looked for
 * @error: return location for an error
 *
 * Adds something to wait for.
 *
 * Returns: %TRUE, or %FALSE with %G_IO_ERROR_INVALID_ARGUMENT when the flags do not go
 *   together, or not with those of the other patterns, or the pattern is empty, a `G_REGEX_ERROR` when it is no regular
 *   expression, or %PROCSTREAM_CHILD_ERROR_WRONG_STATE when the waiter was attached
 *   or cancelled
 *
 * Since: 1.0
 */
gboolean
procstream_line_waiter_add_pattern (ProcstreamLineWaiter *self,
                                    const char           *pattern,
                                    ProcstreamMatchFlags  flags,
                                    GError              **error)
{
  ProcstreamPattern *added;

  g_return_val_if_fail (PROCSTREAM_IS_LINE_WAITER (self), FALSE);
  g_return_val_if_fail (pattern != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  added = procstream_pattern_new (pattern, flags, error);
  return added && procstream_line_seeker_add (self->search, added, error);
}

/**
 * procstream_line_waiter_add_regex:
 * @self: a line waiter that was not attached
 * @regex: a regular expression; of it a copy is made, so it may be used elsewhere
 *   at the same time
 * @flags: %PROCSTREAM_MATCH_PARTIAL, %PROCSTREAM_MATCH_NEXT, or %PROCSTREAM_MATCH_NONE
 * @error: return location for an error
 *
 * Adds a regular expression to wait for.
 *
 * Returns: %TRUE, or %FALSE with an error of
 *   [method@Procstream.LineWaiter.add_pattern]
 *
 * Since: 1.0
 */
gboolean
procstream_line_waiter_add_regex (ProcstreamLineWaiter *self,
                                  GRegex               *regex,
                                  ProcstreamMatchFlags  flags,
                                  GError              **error)
{
  ProcstreamPattern *added;

  g_return_val_if_fail (PROCSTREAM_IS_LINE_WAITER (self), FALSE);
  g_return_val_if_fail (regex != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  added = procstream_pattern_new_regex (regex, flags, error);
  return added && procstream_line_seeker_add (self->search, added, error);
}

/**
 * procstream_line_waiter_add_function:
 * @self: a line waiter that was not attached
 * @flags: %PROCSTREAM_MATCH_PARTIAL, %PROCSTREAM_MATCH_NEXT, or %PROCSTREAM_MATCH_NONE
 * @func: (scope notified) (closure user_data) (destroy destroy): looks whether a line
 *   is the one
 * @user_data: data for @func
 * @destroy: (nullable): frees @user_data
 * @error: return location for an error
 *
 * Adds a function that decides. It is called once for each line, and with
 * %PROCSTREAM_MATCH_PARTIAL also for a line that is not finished, in the thread-default
 * main context of the thread that created the waiter: that has to run, or to be in a
 * blocking call of this library. A bounded slice of the lines is looked at in each
 * iteration.
 *
 * @destroy is called in that context, too, once the waiter is over, or when the waiter
 * goes away. When this function fails, it is not called.
 *
 * Returns: %TRUE, or %FALSE with an error of
 *   [method@Procstream.LineWaiter.add_pattern]
 *
 * Since: 1.0
 */
gboolean
procstream_line_waiter_add_function (ProcstreamLineWaiter *self,
                                     ProcstreamMatchFlags  flags,
                                     ProcstreamMatchFunc   func,
                                     gpointer              user_data,
                                     GDestroyNotify        destroy,
                                     GError              **error)
{
  ProcstreamPattern *added;
  Function          *function;
  guint              number;

  g_return_val_if_fail (PROCSTREAM_IS_LINE_WAITER (self), FALSE);
  g_return_val_if_fail (func != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  number = procstream_line_seeker_get_n_patterns (self->search);
  added = procstream_pattern_new_predicate (flags, error);
  if (added == NULL || !procstream_line_seeker_add (self->search, added, error))
    return FALSE;
  function = g_new (Function, 1);
  *function = (Function){ number, func, user_data, destroy };
  g_ptr_array_add (self->functions, function);
  return TRUE;
}
