/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test-recorder.h"

static GType test_recorder_get_type (void);
G_DEFINE_TYPE (TestRecorder, test_recorder, PROCSTREAM_TYPE_CONSUMER)

void
test_join_lines (GString           *joined,
                 const char *const *lines)
{
  for (; *lines; lines++)
    g_string_append_printf (joined, "%s|", *lines);
}

static gboolean
test_recorder_lines (ProcstreamConsumer *consumer,
                     const char *const  *lines)
{
  test_join_lines (((TestRecorder *) consumer)->joined, lines);
  return FALSE;
}

static void
test_recorder_finalize (GObject *object)
{
  g_string_free (((TestRecorder *) object)->joined, TRUE);
  G_OBJECT_CLASS (test_recorder_parent_class)->finalize (object);
}

static void
test_recorder_class_init (TestRecorderClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = test_recorder_finalize;
  klass->lines = test_recorder_lines;
}

static void
test_recorder_init (TestRecorder *self)
{
  self->joined = g_string_new (NULL);
}

TestRecorder *
test_recorder_new (void)
{
  return g_object_new (test_recorder_get_type (), NULL);
}
