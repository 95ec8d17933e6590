/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>
#include "procstream-enums.h"
#include "procstream-line-index-private.h"
#include "procstream-line-private.h"
#include "procstream-line-rule-private.h"

G_BEGIN_DECLS

/* Cuts a stream of bytes into lines; knows no chunks, no loop, no object. The public line parser, the signals of an output,
 * readers and collectors all stand on it. */
typedef struct _ProcstreamLineSplitter ProcstreamLineSplitter;

/* One line: raw bytes without the separator. Valid during the call only. @plain: ASCII without NUL, so needs
 * no repair. @data points into the pushed data unless the line crossed a push. */
typedef void (*ProcstreamLineFunc) (gpointer      user_data,
                                    const guint8 *data,
                                    gsize         size,
                                    gboolean      plain);

ProcstreamLineSplitter *procstream_line_splitter_new (const ProcstreamLineOptions *options);
void                    procstream_line_splitter_free (ProcstreamLineSplitter *self);

/* Once, before anything else: the rest of a line whose beginning is not known is given out, too. */
void procstream_line_splitter_keep_torn (ProcstreamLineSplitter *self);

/* Which index the splitter wants. */
ProcstreamLineMark procstream_line_splitter_get_mark (ProcstreamLineSplitter *self);
/* @index may be NULL: it is then computed. Else it is of the splitter's mark. */
void procstream_line_splitter_push (ProcstreamLineSplitter    *self,
                                    const guint8              *data,
                                    gsize                      size,
                                    const ProcstreamLineIndex *index,
                                    ProcstreamLineFunc         func,
                                    gpointer                   user_data);
/* What comes next does not follow what came before. The torn line's bytes are dropped and counted; unless
 * @at_line_start, so is all up to the next separator, but where what is torn is kept. */
void procstream_line_splitter_gap (ProcstreamLineSplitter *self,
                                   gboolean                at_line_start);
/* The same, where the last @size bytes that are missing are known: whether a line begins here is told by them, and the separator that some
 * of them may have begun is found. */
void procstream_line_splitter_gap_after (ProcstreamLineSplitter *self,
                                         const guint8           *before,
                                         gsize                   size);
/* The unterminated last line, if any. */
void    procstream_line_splitter_finish (ProcstreamLineSplitter *self,
                                         ProcstreamLineFunc      func,
                                         gpointer                user_data);
guint64 procstream_line_splitter_get_bytes_lost (ProcstreamLineSplitter *self); /* torn by gaps or truncated */
/* While a function is given a line: what ended it. */
ProcstreamLineEnd procstream_line_splitter_get_end (ProcstreamLineSplitter *self);
/* While a function is given a line, and of one that is not finished: whether its beginning was not pushed, and with how many bytes that were
 * not pushed, but are known to stand before it, it begins: as much as is known of the line. */
gboolean procstream_line_splitter_is_torn (ProcstreamLineSplitter *self,
                                           gsize                  *context);
/* Of the same: where it begins, context included, among all bytes that were pushed; what was not pushed counts backwards. */
gint64  procstream_line_splitter_get_line_start (ProcstreamLineSplitter *self);
gint64  procstream_line_splitter_get_unfinished_start (ProcstreamLineSplitter *self);
guint64 procstream_line_splitter_get_bytes_pushed (ProcstreamLineSplitter *self); /* before this push, while one is under way */
/* What a line that is not finished has so far. Valid until the next call. */
const guint8 *procstream_line_splitter_peek_text (ProcstreamLineSplitter *self,
                                                  gsize                  *size);

/* So many bytes of memory are kept from one line to the next; what a longer one took is given back when it is over. */
#define PROCSTREAM_LINE_KEPT_SIZE 65536

/* How many of more than @max bytes make a piece: up to the last beginning of a character, if one lies across the cut. */
gsize procstream_line_get_piece_size (const guint8 *data,
                                      gsize         max);

/* The text of a raw line: valid UTF-8 without NUL (invalid bytes and NUL become U+FFFD). Returns @data itself when nothing
 * was to repair, else the contents of @scratch. */
const char *procstream_line_repair (const guint8 *data,
                                    gsize         size,
                                    GString      *scratch,
                                    gsize        *text_size);

/* How many bytes of a raw line make the first @offset bytes of its text. */
gsize procstream_line_get_raw_offset (const guint8 *data,
                                      gsize         size,
                                      gsize         offset);
/* Where in the text of a raw line that begins which stands at @position, or the first character after it. */
gsize procstream_line_get_text_offset (const guint8 *data,
                                       gsize         size,
                                       gsize         position);

/* A batch of lines as text in one allocation: atomically counted, ends in NULL. */
typedef struct _ProcstreamLineBatch ProcstreamLineBatch;
struct _ProcstreamLineBatch
{
  gatomicrefcount ref_count;
  guint           n_lines;
  char          **lines; /* NULL-terminated */
};

/* Pushes (or, with @data NULL, finishes) and returns the completed lines, NULL when there are none. The fast path copies @data once
 * and writes a NUL over each separator. */
ProcstreamLineBatch *procstream_line_splitter_push_batch (ProcstreamLineSplitter    *self,
                                                          const guint8              *data,
                                                          gsize                      size,
                                                          const ProcstreamLineIndex *index);
ProcstreamLineBatch *procstream_line_batch_new (const char *const *lines,
                                                guint              n_lines);
ProcstreamLineBatch *procstream_line_batch_ref (ProcstreamLineBatch *self);
void                 procstream_line_batch_unref (ProcstreamLineBatch *self);
/* The lines in one text, with something between each two that is in none of them: @separator. */
char *procstream_line_batch_join (ProcstreamLineBatch *self,
                                  char               **separator);

G_END_DECLS
