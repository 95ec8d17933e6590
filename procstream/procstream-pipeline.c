/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-pipeline.h"

#include "procstream-child-private.h"
#include "procstream-launcher-private.h"
#include "procstream-pipeline-private.h"
#include "procstream-platform-private.h"

/**
 * ProcstreamPipeline:
 *
 * Children that read what others write, as `a | b | c` in a shell.
 *
 * [method@Procstream.Pipeline.append] makes a stage, which is a child that does not run yet: what is
 * connected or attached to it before [method@Procstream.Pipeline.start] misses nothing. The first stage
 * reads what its launcher says, see [property@Procstream.Pipeline:stdin], and the output of the last one
 * is that of the pipeline, see [property@Procstream.Pipeline:output]. The standard error of each stage
 * is its own, and goes where its launcher says.
 *
 * ## Joints
 *
 * Between two stages is a pipe of the kernel. What goes through it never passes through this program, and costs
 * it nothing; the standard output of a stage that writes to one ends, for this program, when it
 * starts.
 *
 * A joint can be observed: [method@Procstream.Pipeline.set_observed]. Then this program reads the standard
 * output of the stage, which has all that an output has, and writes it to the next stage, no faster than that reads. All
 * bytes are copied twice more, and the reading waits for any reliable consumer that is slow, as that of any output does.
 * When the next stage reads no more, the output ends, and the stage learns of that as from a pipe of the kernel.
 *
 * ## Ends
 *
 * Each stage is a child of its own, with its own process group where its launcher asks for that, and so a signal to
 * one does not reach the others. [method@Procstream.Pipeline.terminate] ends all of them.
 * [method@Procstream.Pipeline.complete] waits for all of them, and says which one is to blame for a failure.
 * Of stages that inherit the terminal one at a time can be in its foreground: the one that was started last.
 *
 * ## Threads
 *
 * A pipeline is put together in one thread, to whose thread-default main context its children belong. What was started
 * may be waited for and ended from any thread.
 *
 * Since: 1.0
 */

G_DEFINE_FINAL_TYPE (ProcstreamPipeline, procstream_pipeline, G_TYPE_OBJECT)

enum
{
  PROP_0,
  PROP_STAGES,
  PROP_STDIN,
  PROP_OUTPUT,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

static void
procstream_pipeline_finalize (GObject *object)
{
  ProcstreamPipeline *self = PROCSTREAM_PIPELINE (object);

  g_clear_object (&self->stages);
  g_ptr_array_unref (self->children);
  if (!procstream_platform_forked ())
    procstream_pipeline_core_unref (self->core);
  g_main_context_unref (self->context);
  G_OBJECT_CLASS (procstream_pipeline_parent_class)->finalize (object);
}

static void
procstream_pipeline_get_property (GObject    *object,
                                  guint       property_id,
                                  GValue     *value,
                                  GParamSpec *pspec)
{
  ProcstreamPipeline *self = PROCSTREAM_PIPELINE (object);

  switch (property_id)
    {
    case PROP_STAGES:
      g_value_set_object (value, self->stages);
      break;
    case PROP_STDIN:
      g_value_set_object (value, procstream_pipeline_get_stdin (self));
      break;
    case PROP_OUTPUT:
      g_value_set_object (value, procstream_pipeline_get_output (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
procstream_pipeline_class_init (ProcstreamPipelineClass *klass)
{
  GObjectClass     *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->finalize = procstream_pipeline_finalize;
  object_class->get_property = procstream_pipeline_get_property;

  /**
   * ProcstreamPipeline:stages: (getter get_stages)
   *
   * The stages in their order, as a list of [class@Procstream.Child].
   *
   * Since: 1.0
   */
  properties[PROP_STAGES] = g_param_spec_object ("stages", NULL, NULL, G_TYPE_LIST_MODEL, readable);
  /**
   * ProcstreamPipeline:stdin: (getter get_stdin)
   *
   * The standard input of the first stage, or %NULL when it has none that is written to from here, or when there
   * is no stage.
   *
   * Since: 1.0
   */
  properties[PROP_STDIN] = g_param_spec_object ("stdin", NULL, NULL, PROCSTREAM_TYPE_INPUT, readable);
  /**
   * ProcstreamPipeline:output: (getter get_output)
   *
   * The standard output of the stage that is the last one by now, or %NULL when there is none.
   *
   * Since: 1.0
   */
  properties[PROP_OUTPUT] = g_param_spec_object ("output", NULL, NULL, PROCSTREAM_TYPE_OUTPUT, readable);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
procstream_pipeline_init (ProcstreamPipeline *self)
{
  self->core = procstream_pipeline_core_new ();
  self->children = g_ptr_array_new_with_free_func (g_object_unref);
  self->stages = g_list_store_new (PROCSTREAM_TYPE_CHILD);
  self->context = g_main_context_ref_thread_default ();
  self->owner_thread = g_thread_self ();
}

/**
 * procstream_pipeline_new:
 *
 * Makes a pipeline without a stage.
 *
 * Returns: (transfer full): a new pipeline
 *
 * Since: 1.0
 */
ProcstreamPipeline *
procstream_pipeline_new (void)
{
  return g_object_new (PROCSTREAM_TYPE_PIPELINE, NULL);
}

/**
 * procstream_pipeline_get_stages: (get-property stages)
 * @self: a pipeline
 *
 * Gets the stages.
 *
 * Returns: (transfer none): a list of [class@Procstream.Child]
 *
 * Since: 1.0
 */
GListModel *
procstream_pipeline_get_stages (ProcstreamPipeline *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_PIPELINE (self), NULL);

  return G_LIST_MODEL (self->stages);
}

/**
 * procstream_pipeline_get_stdin: (get-property stdin)
 * @self: a pipeline
 *
 * Gets the standard input of the first stage.
 *
 * Returns: (transfer none) (nullable): the input, or %NULL
 *
 * Since: 1.0
 */
ProcstreamInput *
procstream_pipeline_get_stdin (ProcstreamPipeline *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_PIPELINE (self), NULL);

  return self->children->len > 0 ? procstream_child_get_stdin (g_ptr_array_index (self->children, 0)) : NULL;
}

/**
 * procstream_pipeline_get_output: (get-property output)
 * @self: a pipeline
 *
 * Gets the standard output of the last stage.
 *
 * Returns: (transfer none) (nullable): the output, or %NULL when there is no stage
 *
 * Since: 1.0
 */
ProcstreamOutput *
procstream_pipeline_get_output (ProcstreamPipeline *self)
{
  GPtrArray *children;

  g_return_val_if_fail (PROCSTREAM_IS_PIPELINE (self), NULL);

  children = self->children;
  return children->len > 0 ? procstream_child_get_stdout (g_ptr_array_index (children, children->len - 1)) : NULL;
}

static gboolean
check_owner (ProcstreamPipeline *self,
             GError            **error)
{
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();

  if (context == self->context && g_thread_self () == self->owner_thread)
    return TRUE;
  g_set_error_literal (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE,
                       "A pipeline is put together in the thread, and with the thread-default context, in which it was made");
  return FALSE;
}

/**
 * procstream_pipeline_append:
 * @self: a pipeline that was not started
 * @launcher: how the child is to be run
 * @argv: (array zero-terminated=1) (element-type filename): the program and its arguments
 * @error: return location for an error
 *
 * Makes a stage that reads what the last one writes.
 *
 * The launcher is used as in [method@Procstream.Launcher.create], but for two things: what it says of the
 * standard input is for the first stage, and where it leads the standard output is for the last one. So all stages can
 * have the same launcher.
 *
 * Returns: (transfer none): the new child, or %NULL with an error of [method@Procstream.Launcher.create],
 *   or %PROCSTREAM_CHILD_ERROR_WRONG_STATE when the pipeline was started, or in another thread
 *
 * Since: 1.0
 */
ProcstreamChild *
procstream_pipeline_append (ProcstreamPipeline *self,
                            ProcstreamLauncher *launcher,
                            const char *const  *argv,
                            GError            **error)
{
  ProcstreamChild *child;

  g_return_val_if_fail (PROCSTREAM_IS_PIPELINE (self), NULL);
  g_return_val_if_fail (PROCSTREAM_IS_LAUNCHER (launcher), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!check_owner (self, error) || !procstream_pipeline_core_check_new (self->core, error))
    return NULL;
  child = procstream_launcher_create_stage (launcher, argv, procstream_pipeline_get_n_stages (self) > 0, error);
  if (child == NULL)
    return NULL;
  procstream_pipeline_core_append (self->core, child->core);
  g_ptr_array_add (self->children, child);
  g_list_store_append (self->stages, child);
  if (self->children->len == 1)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STDIN]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_OUTPUT]);
  return child;
}

/**
 * procstream_pipeline_get_n_stages:
 * @self: a pipeline
 *
 * Gets how many stages there are.
 *
 * Returns: the number of stages
 *
 * Since: 1.0
 */
guint
procstream_pipeline_get_n_stages (ProcstreamPipeline *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_PIPELINE (self), 0);

  return self->children->len;
}

/**
 * procstream_pipeline_get_stage:
 * @self: a pipeline
 * @stage: the number of a stage, from 0 on
 *
 * Gets the child that is a stage.
 *
 * Returns: (transfer none) (nullable): the child, or %NULL when there is no such stage
 *
 * Since: 1.0
 */
ProcstreamChild *
procstream_pipeline_get_stage (ProcstreamPipeline *self,
                               guint               stage)
{
  g_return_val_if_fail (PROCSTREAM_IS_PIPELINE (self), NULL);

  return stage < self->children->len ? g_ptr_array_index (self->children, stage) : NULL;
}

/**
 * procstream_pipeline_set_observed:
 * @self: a pipeline that was not started
 * @stage: the number of a stage, from 0 on
 * @observed: whether what it writes is to pass through this program
 * @error: return location for an error
 *
 * Sets whether the standard output of a stage can be observed. That of the last one can in any case.
 *
 * The output has the delivery and the replay of the launcher of the stage, whose backend must be broadcast or single.
 *
 * Returns: %TRUE, or %FALSE with %G_IO_ERROR_INVALID_ARGUMENT when there is no such stage, or with
 *   %PROCSTREAM_CHILD_ERROR_WRONG_STATE when the pipeline was started, or in another thread
 *
 * Since: 1.0
 */
gboolean
procstream_pipeline_set_observed (ProcstreamPipeline *self,
                                  guint               stage,
                                  gboolean            observed,
                                  GError            **error)
{
  g_return_val_if_fail (PROCSTREAM_IS_PIPELINE (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!check_owner (self, error) || !procstream_pipeline_core_check_new (self->core, error))
    return FALSE;
  if (stage >= procstream_pipeline_get_n_stages (self))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "The pipeline has no stage %u; they count from 0", stage);
      return FALSE;
    }
  procstream_pipeline_core_set_observed (self->core, stage, observed);
  return TRUE;
}

/**
 * procstream_pipeline_is_observed:
 * @self: a pipeline
 * @stage: the number of a stage, from 0 on
 *
 * Gets whether what a stage writes to the next one passes through this program.
 *
 * Returns: %TRUE when [method@Procstream.Pipeline.set_observed] said so
 *
 * Since: 1.0
 */
gboolean
procstream_pipeline_is_observed (ProcstreamPipeline *self,
                                 guint               stage)
{
  g_return_val_if_fail (PROCSTREAM_IS_PIPELINE (self), FALSE);

  return stage < procstream_pipeline_get_n_stages (self) && procstream_pipeline_core_is_observed (self->core, stage);
}
