// SPDX-License-Identifier: LGPL-2.1-or-later
// Shows what a command prints in a window: log-window.js [--close] COMMAND…
// With --close the window goes when the command has ended and its last line is shown.

import GLib from 'gi://GLib';
import Gtk from 'gi://Gtk?version=4.0';
import Procstream from 'gi://Procstream?version=1.0';
import System from 'system';

const argv = [...System.programArgs];
const closes = argv[0] === '--close';
if (closes)
    argv.shift();
Gtk.init();
const loop = new GLib.MainLoop(null, false);
const bound = new Set();

const launcher = Procstream.Launcher.new(Procstream.Delivery.RELIABLE, Procstream.Replay.NONE);
const child = launcher.create(argv);
const model = new Procstream.LogModel({max_lines: 100000});
model.follow(child.stdout);
model.follow(child.stderr);

// [view]
const factory = new Gtk.SignalListItemFactory();
factory.connect('setup', (_factory, item) => {
    item.child = new Gtk.Label({xalign: 0, css_classes: ['monospace']});
});
factory.connect('bind', (_factory, item) => {
    item.child.label = `${String(item.item.number).padStart(6)} ${item.item.text}`;
    if (item.item.stream === 'stderr')
        item.child.add_css_class('error');
    bound.add(item.item);
});
factory.connect('unbind', (_factory, item) => {
    item.child.remove_css_class('error');
    bound.delete(item.item);
});

const follow = new Gtk.ToggleButton({label: 'Follow', active: true});
const view = new Gtk.ListView({model: new Gtk.NoSelection({model}), factory});

function scrollToEnd() {
    if (follow.active && model.n_items > 0)
        view.activate_action('list.scroll-to-item', new GLib.Variant('u', model.n_items - 1));
}

// After the view, which has to know of the change first.
model.connect('items-changed', scrollToEnd);
// [/view]

const header = new Gtk.HeaderBar();
header.pack_start(follow);
const window = new Gtk.Window({
    title: child.name,
    default_width: 640,
    default_height: 400,
    titlebar: header,
    child: new Gtk.ScrolledWindow({child: view}),
});

function isAtEnd() {
    const place = view.vadjustment;
    return place.value + place.page_size >= place.upper - 1;
}

// The last line has a row, when the command has ended.
function closeWhenShown() {
    const last = model.get_item(model.n_items - 1);
    if (!bound.has(last) || !isAtEnd()) {
        scrollToEnd();
        return GLib.SOURCE_CONTINUE;
    }
    print(`the last of ${model.n_items} lines is shown: ${last.text}`);
    print(bound.size > 1000 ? 'rows for all of them' : 'rows for some of them');
    loop.quit();
    return GLib.SOURCE_REMOVE;
}

child.connect('completed', () => {
    if (closes)
        window.add_tick_callback(closeWhenShown);
});
window.connect('close-request', () => loop.quit());
window.present();
child.start();
loop.run();
