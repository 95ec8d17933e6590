/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Joins children, looks at what goes through, and asks who is to blame. */

#include <procstream/procstream.h>

static ProcstreamPipelineResult *
run (ProcstreamPipeline *pipeline)
{
  g_autoptr (GError) error = NULL;
  ProcstreamPipelineResult *result = NULL;

  if (procstream_pipeline_start (pipeline, &error))
    result = procstream_pipeline_complete (pipeline, NULL, NULL, &error);
  if (result == NULL)
    g_error ("%s", error->message);
  return result;
}

// [pipeline]
static void
print_smallest (ProcstreamLauncher *launcher)
{
  const char *const print[] = { "printf", "pear\\napple\\nbanana\\n", NULL };
  const char *const sort[] = { "sort", NULL };
  const char *const head[] = { "head", "-n", "1", NULL };
  g_autoptr (ProcstreamPipeline) pipeline = procstream_pipeline_new ();
  g_autoptr (ProcstreamPipelineResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  if (!procstream_pipeline_append (pipeline, launcher, print, &error) ||
      !procstream_pipeline_append (pipeline, launcher, sort, &error) ||
      !procstream_pipeline_append (pipeline, launcher, head, &error))
    g_error ("%s", error->message);
  result = run (pipeline);
  if (!procstream_pipeline_result_check (result, &error))
    g_error ("%s", error->message);
  text = procstream_pipeline_result_dup_stdout_text (result);
  g_print ("smallest: %s\n", g_strstrip (text));
}
// [/pipeline]

static void
print_observed (ProcstreamLauncher *launcher)
{
  const char *const seq[] = { "seq", "1", "3", NULL };
  const char *const wc[] = { "wc", "-l", NULL };
  g_autoptr (ProcstreamPipeline) pipeline = procstream_pipeline_new ();
  g_autoptr (ProcstreamPipelineResult) result = NULL;
  g_autoptr (ProcstreamCollector) collector = procstream_collector_new (PROCSTREAM_COLLECT_LINES, PROCSTREAM_KEEP_FIRST);
  g_auto (GStrv) lines = NULL;
  g_autofree char *joined = NULL;
  g_autofree char *text = NULL;
  ProcstreamChild *numbers = procstream_pipeline_append (pipeline, launcher, seq, NULL);

  procstream_pipeline_append (pipeline, launcher, wc, NULL);
  procstream_pipeline_set_observed (pipeline, 0, TRUE, NULL);
  procstream_output_attach (procstream_child_get_stdout (numbers), PROCSTREAM_CONSUMER (collector), NULL);
  result = run (pipeline);
  text = procstream_pipeline_result_dup_stdout_text (result);
  g_print ("counted: %s\n", g_strstrip (text));
  procstream_consumer_wait (PROCSTREAM_CONSUMER (collector), PROCSTREAM_NO_TIMEOUT, NULL, NULL);
  lines = procstream_collector_dup_lines (collector);
  joined = g_strjoinv (" ", lines);
  g_print ("on the way: %s\n", joined);
}

static void
print_blame (ProcstreamLauncher *launcher)
{
  const char *const cat[] = { "cat", "/nowhere", NULL };
  const char *const sort[] = { "sort", NULL };
  g_autoptr (ProcstreamPipeline) pipeline = procstream_pipeline_new ();
  g_autoptr (ProcstreamPipelineResult) result = NULL;
  ProcstreamResult *blamed;

  procstream_pipeline_append (pipeline, launcher, cat, NULL);
  procstream_pipeline_append (pipeline, launcher, sort, NULL);
  result = run (pipeline);
  blamed = procstream_pipeline_result_get_stage (result, procstream_pipeline_result_get_blamed (result));
  g_print ("to blame: %s with status %d\n", procstream_result_get_name (blamed), procstream_result_get_exit_code (blamed));
}

int
main (void)
{
  g_autoptr (ProcstreamLauncher) launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);

  print_smallest (launcher);
  print_observed (launcher);
  print_blame (launcher);
  return 0;
}
