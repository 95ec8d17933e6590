/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-result.h"

#include "procstream-result-private.h"

#include <string.h>

/**
 * ProcstreamResult:
 *
 * How a child ended.
 *
 * A result never changes, so it may be kept and read in any thread. It is handed
 * out by [property@Procstream.Child:result] and
 * [signal@Procstream.Child::completed].
 *
 * Since: 1.0
 */

/* Everything is set in the constructor and never again; so there is no lock and nothing is notified. */
struct _ProcstreamResult
{
  GObject parent_instance;

  char  *name;
  int    exit_code;
  int    term_signal;
  gint64 duration_us;
  char  *message;
};

G_DEFINE_FINAL_TYPE (ProcstreamResult, procstream_result, G_TYPE_OBJECT)

enum
{
  PROP_0,
  PROP_NAME,
  PROP_EXIT_CODE,
  PROP_TERM_SIGNAL,
  PROP_SUCCESS,
  PROP_DURATION_US,
  PROP_MESSAGE,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

/* SIGKILL rather than "Killed", which depends on the language of the user; by number where there is no name. */
static char *
name_signal (int signum)
{
  const char *abbreviation = sigabbrev_np (signum);

  return abbreviation ? g_strdup_printf ("SIG%s", abbreviation) : g_strdup_printf ("%d", signum);
}

static char *
make_message (ProcstreamResult *self)
{
  double           seconds = (double) self->duration_us / G_USEC_PER_SEC;
  g_autofree char *signal_name = NULL;

  if (self->term_signal == 0 && self->exit_code < 0)
    return g_strdup_printf ("“%s” has ended after %.1f s, and its status is lost, as the program ignores SIGCHLD", self->name, seconds);
  if (self->term_signal == 0)
    return g_strdup_printf ("“%s” exited with status %d after %.1f s", self->name, self->exit_code, seconds);
  signal_name = name_signal (self->term_signal);
  return g_strdup_printf ("“%s” was killed by signal %s after %.1f s", self->name, signal_name, seconds);
}

ProcstreamResult *
procstream_result_new (const char *name,
                       int         exit_code,
                       int         term_signal,
                       gint64      duration_us)
{
  ProcstreamResult *self = g_object_new (PROCSTREAM_TYPE_RESULT, NULL);

  self->name = g_strdup (name);
  self->exit_code = exit_code;
  self->term_signal = term_signal;
  self->duration_us = duration_us;
  self->message = make_message (self);
  return self;
}

static void
procstream_result_finalize (GObject *object)
{
  ProcstreamResult *self = PROCSTREAM_RESULT (object);

  g_free (self->name);
  g_free (self->message);
  G_OBJECT_CLASS (procstream_result_parent_class)->finalize (object);
}

static void
procstream_result_get_property (GObject    *object,
                                guint       property_id,
                                GValue     *value,
                                GParamSpec *pspec)
{
  ProcstreamResult *self = PROCSTREAM_RESULT (object);

  switch (property_id)
    {
    case PROP_NAME:
      g_value_set_string (value, self->name);
      break;
    case PROP_EXIT_CODE:
      g_value_set_int (value, self->exit_code);
      break;
    case PROP_TERM_SIGNAL:
      g_value_set_int (value, self->term_signal);
      break;
    case PROP_SUCCESS:
      g_value_set_boolean (value, procstream_result_get_success (self));
      break;
    case PROP_DURATION_US:
      g_value_set_int64 (value, self->duration_us);
      break;
    case PROP_MESSAGE:
      g_value_set_string (value, self->message);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
procstream_result_class_init (ProcstreamResultClass *klass)
{
  GObjectClass     *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->finalize = procstream_result_finalize;
  object_class->get_property = procstream_result_get_property;

  /**
   * ProcstreamResult:name: (getter get_name)
   *
   * The name of the child.
   *
   * Since: 1.0
   */
  properties[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL, readable);
  /**
   * ProcstreamResult:exit-code: (getter get_exit_code)
   *
   * What the program gave to `exit()`, 0 to 255, or -1 when it was killed by a
   * signal.
   *
   * It is -1 as well when the status is lost, because this program ignores `SIGCHLD`
   * and the kernel is older than Linux 6.15. On such kernels a child that was
   * reaped by another part of the program, with `waitpid (-1)` for one, cannot be
   * told from one that succeeded.
   *
   * Since: 1.0
   */
  properties[PROP_EXIT_CODE] = g_param_spec_int ("exit-code", NULL, NULL, -1, G_MAXINT, -1, readable);
  /**
   * ProcstreamResult:term-signal: (getter get_term_signal)
   *
   * The number of the signal that killed the process, or 0 when it exited.
   *
   * Since: 1.0
   */
  properties[PROP_TERM_SIGNAL] = g_param_spec_int ("term-signal", NULL, NULL, 0, G_MAXINT, 0, readable);
  /**
   * ProcstreamResult:success: (getter get_success)
   *
   * Whether the program exited with status 0.
   *
   * Since: 1.0
   */
  properties[PROP_SUCCESS] = g_param_spec_boolean ("success", NULL, NULL, FALSE, readable);
  /**
   * ProcstreamResult:duration-us: (getter get_duration_us)
   *
   * How long the program ran, in microseconds of the monotonic clock.
   *
   * Since: 1.0
   */
  properties[PROP_DURATION_US] = g_param_spec_int64 ("duration-us", NULL, NULL, 0, G_MAXINT64, 0, readable);
  /**
   * ProcstreamResult:message: (getter get_message)
   *
   * One sentence for people: the name of the child, how it ended and after
   * what time.
   *
   * Since: 1.0
   */
  properties[PROP_MESSAGE] = g_param_spec_string ("message", NULL, NULL, NULL, readable);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
procstream_result_init (ProcstreamResult *self)
{
  self->exit_code = -1;
}

/**
 * procstream_result_get_name: (get-property name)
 * @self: a result
 *
 * Gets the name of the child.
 *
 * Returns: (transfer none): the name
 *
 * Since: 1.0
 */
const char *
procstream_result_get_name (ProcstreamResult *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_RESULT (self), NULL);

  return self->name;
}

/**
 * procstream_result_get_exit_code: (get-property exit-code)
 * @self: a result
 *
 * Gets what the program gave to `exit()`.
 *
 * Returns: the exit code, or -1 when the process was killed by a signal, or its
 *   status is lost
 *
 * Since: 1.0
 */
int
procstream_result_get_exit_code (ProcstreamResult *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_RESULT (self), -1);

  return self->exit_code;
}

/**
 * procstream_result_get_term_signal: (get-property term-signal)
 * @self: a result
 *
 * Gets the signal that killed the process.
 *
 * Returns: a signal number, or 0 when the process exited, or its status is lost
 *
 * Since: 1.0
 */
int
procstream_result_get_term_signal (ProcstreamResult *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_RESULT (self), 0);

  return self->term_signal;
}

/**
 * procstream_result_get_success: (get-property success)
 * @self: a result
 *
 * Gets whether the program exited with status 0.
 *
 * Returns: %TRUE for success
 *
 * Since: 1.0
 */
gboolean
procstream_result_get_success (ProcstreamResult *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_RESULT (self), FALSE);

  return self->exit_code == 0;
}

/**
 * procstream_result_get_duration_us: (get-property duration-us)
 * @self: a result
 *
 * Gets how long the program ran.
 *
 * Returns: microseconds
 *
 * Since: 1.0
 */
gint64
procstream_result_get_duration_us (ProcstreamResult *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_RESULT (self), 0);

  return self->duration_us;
}

/**
 * procstream_result_get_message: (get-property message)
 * @self: a result
 *
 * Gets one sentence that tells how the child ended.
 *
 * Returns: (transfer none): the message
 *
 * Since: 1.0
 */
const char *
procstream_result_get_message (ProcstreamResult *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_RESULT (self), NULL);

  return self->message;
}
