/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-pipeline-result.h"

#include "procstream-error.h"
#include "procstream-pipeline-result-private.h"

#include <signal.h>

/**
 * ProcstreamPipelineResult:
 *
 * What came of a [class@Procstream.Pipeline]: a [class@Procstream.Result] for each stage, and which
 * of them, if any, is to blame.
 *
 * A pipeline succeeds when each of its stages does, but for those that are excused. A stage is
 * excused when it died of `SIGPIPE` and the next one, which read from it, has ended: it did what it should
 * until nobody wanted any more. The first stage that neither succeeded nor is excused is
 * to blame. So of `yes | head -1` nobody is, of `cat nowhere | sort` it is `cat`, and of
 * `yes | false` it is `false`. Where one wrote more than [property@Procstream.CompleteOptions:output-limit] allows, those that
 * were stopped for that are not to blame.
 *
 * A program that notices by itself that nobody reads, and exits with a status of its own, is not
 * excused: [method@Procstream.Launcher.set_success_statuses] is for that.
 *
 * A result never changes, so it may be kept and read in any thread.
 *
 * Since: 1.0
 */

/* Everything is set in the constructor and never again; so there is no lock and nothing is notified. */
struct _ProcstreamPipelineResult
{
  GObject parent_instance;

  GPtrArray  *results; /* of ProcstreamResult */
  GListStore *stages;  /* of the same */
  int         blamed;  /* -1: nobody */
  char       *message;
};

G_DEFINE_FINAL_TYPE (ProcstreamPipelineResult, procstream_pipeline_result, G_TYPE_OBJECT)

enum
{
  PROP_0,
  PROP_SUCCESS,
  PROP_BLAMED,
  PROP_STAGES,
  PROP_MESSAGE,
  PROP_STDOUT,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

static ProcstreamResult *
peek (ProcstreamPipelineResult *self,
      guint                     stage)
{
  return g_ptr_array_index (self->results, stage);
}

static guint
count (ProcstreamPipelineResult *self)
{
  return self->results->len;
}

static gboolean
is_excused (ProcstreamPipelineResult *self,
            guint                     stage)
{
  ProcstreamResult *result = peek (self, stage);

  return stage + 1 < count (self) &&
         !procstream_result_get_success (result) &&
         procstream_result_get_cause (result) == PROCSTREAM_CAUSE_SIGNALLED &&
         procstream_result_get_term_signal (result) == SIGPIPE &&
         !procstream_result_get_running (peek (self, stage + 1));
}

/* It did not succeed, and was ended, or given up, since another one wrote too much. */
static gboolean
is_victim (ProcstreamPipelineResult *self,
           guint                     stage,
           const GError             *error,
           gboolean                  cut_short,
           int                       exceeding)
{
  if (exceeding < 0 || stage == (guint) exceeding)
    return FALSE;
  return procstream_result_get_cause (peek (self, stage)) == PROCSTREAM_CAUSE_OUTPUT_LIMIT ||
         (cut_short && g_error_matches (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_OUTPUT_CUT));
}

static int
find_blamed (ProcstreamPipelineResult *self,
             GArray                   *cut_short,
             int                       exceeding)
{
  int victim = -1;

  for (guint i = 0; i < count (self); i++)
    {
      g_autoptr (GError) error = NULL;

      if (is_excused (self, i) || procstream_result_check (peek (self, i), &error))
        continue;
      if (!is_victim (self, i, error, g_array_index (cut_short, gboolean, i), exceeding))
        return (int) i;
      if (victim < 0)
        victim = (int) i;
    }
  /* Who wrote too much may have ended well before it could be ended. */
  return victim;
}

static char *
make_message (ProcstreamPipelineResult *self)
{
  g_autoptr (GError) error = NULL;

  if (self->blamed < 0)
    return count (self) == 1 ? g_strdup ("The only stage has done what it should")
                             : g_strdup_printf ("All %u stages have done what they should", count (self));
  procstream_result_check (peek (self, self->blamed), &error);
  return g_strdup_printf ("Stage %d of %u: %s", self->blamed + 1, count (self), error->message);
}

ProcstreamPipelineResult *
procstream_pipeline_result_new (GPtrArray *results,
                                GArray    *cut_short,
                                int        exceeding)
{
  ProcstreamPipelineResult *self = g_object_new (PROCSTREAM_TYPE_PIPELINE_RESULT, NULL);

  for (guint i = 0; i < results->len; i++)
    {
      g_ptr_array_add (self->results, g_object_ref (g_ptr_array_index (results, i)));
      g_list_store_append (self->stages, g_ptr_array_index (results, i));
    }
  self->blamed = find_blamed (self, cut_short, exceeding);
  self->message = make_message (self);
  return self;
}

static void
procstream_pipeline_result_finalize (GObject *object)
{
  ProcstreamPipelineResult *self = PROCSTREAM_PIPELINE_RESULT (object);

  g_ptr_array_unref (self->results);
  g_clear_object (&self->stages);
  g_free (self->message);
  G_OBJECT_CLASS (procstream_pipeline_result_parent_class)->finalize (object);
}

static void
procstream_pipeline_result_get_property (GObject    *object,
                                         guint       property_id,
                                         GValue     *value,
                                         GParamSpec *pspec)
{
  ProcstreamPipelineResult *self = PROCSTREAM_PIPELINE_RESULT (object);

  switch (property_id)
    {
    case PROP_SUCCESS:
      g_value_set_boolean (value, procstream_pipeline_result_get_success (self));
      break;
    case PROP_BLAMED:
      g_value_set_int (value, self->blamed);
      break;
    case PROP_STAGES:
      g_value_set_object (value, self->stages);
      break;
    case PROP_MESSAGE:
      g_value_set_string (value, self->message);
      break;
    case PROP_STDOUT:
      g_value_set_object (value, procstream_pipeline_result_get_stdout (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
procstream_pipeline_result_class_init (ProcstreamPipelineResultClass *klass)
{
  GObjectClass     *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->finalize = procstream_pipeline_result_finalize;
  object_class->get_property = procstream_pipeline_result_get_property;

  /**
   * ProcstreamPipelineResult:success: (getter get_success)
   *
   * Whether each stage succeeded or is excused, and nothing of what was collected is missing.
   *
   * Since: 1.0
   */
  properties[PROP_SUCCESS] = g_param_spec_boolean ("success", NULL, NULL, FALSE, readable);
  /**
   * ProcstreamPipelineResult:blamed: (getter get_blamed)
   *
   * The number of the stage that is to blame, from 0 on, or -1 in a success.
   *
   * Since: 1.0
   */
  properties[PROP_BLAMED] = g_param_spec_int ("blamed", NULL, NULL, -1, G_MAXINT, -1, readable);
  /**
   * ProcstreamPipelineResult:stages: (getter get_stages)
   *
   * What came of each stage, as a list of [class@Procstream.Result].
   *
   * Since: 1.0
   */
  properties[PROP_STAGES] = g_param_spec_object ("stages", NULL, NULL, G_TYPE_LIST_MODEL, readable);
  /**
   * ProcstreamPipelineResult:message: (getter get_message)
   *
   * What came of it, in words: which stage is to blame, and what is known of that.
   *
   * Since: 1.0
   */
  properties[PROP_MESSAGE] = g_param_spec_string ("message", NULL, NULL, NULL, readable);
  /**
   * ProcstreamPipelineResult:stdout: (getter get_stdout)
   *
   * What the last stage wrote to its standard output, or %NULL when that was not
   * collected.
   *
   * Since: 1.0
   */
  properties[PROP_STDOUT] = g_param_spec_object ("stdout", NULL, NULL, PROCSTREAM_TYPE_CAPTURE, readable);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
procstream_pipeline_result_init (ProcstreamPipelineResult *self)
{
  self->results = g_ptr_array_new_with_free_func (g_object_unref);
  self->stages = g_list_store_new (PROCSTREAM_TYPE_RESULT);
  self->blamed = -1;
}

/**
 * procstream_pipeline_result_get_success: (get-property success)
 * @self: a result
 *
 * Gets whether the pipeline succeeded.
 *
 * Returns: %TRUE in a success
 *
 * Since: 1.0
 */
gboolean
procstream_pipeline_result_get_success (ProcstreamPipelineResult *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_PIPELINE_RESULT (self), FALSE);

  return self->blamed < 0 && count (self) > 0;
}

/**
 * procstream_pipeline_result_get_blamed: (get-property blamed)
 * @self: a result
 *
 * Gets which stage is to blame.
 *
 * Returns: its number from 0 on, or -1 in a success
 *
 * Since: 1.0
 */
int
procstream_pipeline_result_get_blamed (ProcstreamPipelineResult *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_PIPELINE_RESULT (self), -1);

  return self->blamed;
}

/**
 * procstream_pipeline_result_get_stages: (get-property stages)
 * @self: a result
 *
 * Gets what came of each stage.
 *
 * Returns: (transfer none): a list of [class@Procstream.Result]
 *
 * Since: 1.0
 */
GListModel *
procstream_pipeline_result_get_stages (ProcstreamPipelineResult *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_PIPELINE_RESULT (self), NULL);

  return G_LIST_MODEL (self->stages);
}

/**
 * procstream_pipeline_result_get_message: (get-property message)
 * @self: a result
 *
 * Gets what came of the pipeline, in words.
 *
 * Returns: the message
 *
 * Since: 1.0
 */
const char *
procstream_pipeline_result_get_message (ProcstreamPipelineResult *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_PIPELINE_RESULT (self), NULL);

  return self->message;
}

/**
 * procstream_pipeline_result_get_stdout: (get-property stdout)
 * @self: a result
 *
 * Gets what the last stage wrote to its standard output.
 *
 * Returns: (transfer none) (nullable): what was collected of it, or %NULL
 *
 * Since: 1.0
 */
ProcstreamCapture *
procstream_pipeline_result_get_stdout (ProcstreamPipelineResult *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_PIPELINE_RESULT (self), NULL);

  return count (self) > 0 ? procstream_result_get_stdout (peek (self, count (self) - 1)) : NULL;
}

/**
 * procstream_pipeline_result_get_n_stages:
 * @self: a result
 *
 * Gets how many stages there were.
 *
 * Returns: the number of stages
 *
 * Since: 1.0
 */
guint
procstream_pipeline_result_get_n_stages (ProcstreamPipelineResult *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_PIPELINE_RESULT (self), 0);

  return count (self);
}

/**
 * procstream_pipeline_result_get_stage:
 * @self: a result
 * @stage: the number of a stage, from 0 on
 *
 * Gets what came of one stage.
 *
 * Returns: (transfer none) (nullable): its result, or %NULL when there is no such stage
 *
 * Since: 1.0
 */
ProcstreamResult *
procstream_pipeline_result_get_stage (ProcstreamPipelineResult *self,
                                      guint                     stage)
{
  g_return_val_if_fail (PROCSTREAM_IS_PIPELINE_RESULT (self), NULL);

  return stage < count (self) ? peek (self, stage) : NULL;
}

/**
 * procstream_pipeline_result_is_excused:
 * @self: a result
 * @stage: the number of a stage, from 0 on
 *
 * Gets whether a stage that did not succeed did what it should all the same: it died of
 * `SIGPIPE`, and who read from it has ended.
 *
 * Returns: %TRUE when it is excused
 *
 * Since: 1.0
 */
gboolean
procstream_pipeline_result_is_excused (ProcstreamPipelineResult *self,
                                       guint                     stage)
{
  g_return_val_if_fail (PROCSTREAM_IS_PIPELINE_RESULT (self), FALSE);

  return stage < count (self) && is_excused (self, stage);
}

/**
 * procstream_pipeline_result_dup_stdout_text:
 * @self: a result
 *
 * Gets what the last stage wrote to its standard output as text; see
 * [method@Procstream.Result.dup_stdout_text].
 *
 * Returns: (transfer full) (nullable): the text, or %NULL when nothing was collected
 *
 * Since: 1.0
 */
char *
procstream_pipeline_result_dup_stdout_text (ProcstreamPipelineResult *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_PIPELINE_RESULT (self), NULL);

  return count (self) > 0 ? procstream_result_dup_stdout_text (peek (self, count (self) - 1)) : NULL;
}

/**
 * procstream_pipeline_result_check:
 * @self: a result
 * @error: return location for an error
 *
 * Turns a failure into an error: that of [method@Procstream.Result.check] for the stage that is to
 * blame, which carries the result of that stage, with the number of the stage before its message.
 *
 * Returns: %TRUE, or %FALSE with an error of [method@Procstream.Result.check]
 *
 * Since: 1.0
 */
gboolean
procstream_pipeline_result_check (ProcstreamPipelineResult *self,
                                  GError                  **error)
{
  g_return_val_if_fail (PROCSTREAM_IS_PIPELINE_RESULT (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (self->blamed < 0)
    return TRUE;
  procstream_result_check (peek (self, self->blamed), error);
  g_prefix_error (error, "Stage %d of %u: ", self->blamed + 1, count (self));
  return FALSE;
}
