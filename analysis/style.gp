# One style for all figures. A line's colour, dashes and marker all differ, so that print without colour
# can be read. `form` is svg or pdf; NAME, WIDTH and HEIGHT (CSS pixels) are set by the figure.
set encoding utf8
set datafile separator tab
if (!exists("form")) form = "svg"
if (form eq "pdf") {
  set terminal pdfcairo noenhanced size WIDTH / 96.0, HEIGHT / 96.0 font "DejaVu Sans,8.25" linewidth 0.8
} else {
  set terminal svg noenhanced size WIDTH, HEIGHT dynamic font "DejaVu Sans,11"
}
SMALL = form eq "pdf" ? ",7.5" : ",10"
set output NAME . "." . form
# Places in pixels, from the left and from the top.
X(pixels) = pixels / WIDTH
Y(pixels) = 1 - pixels / HEIGHT

# Okabe and Ito's colours.
set linetype 1 lc rgb "#000000" dt 1 pt 7
set linetype 2 lc rgb "#0072b2" dt (8, 3) pt 5
set linetype 3 lc rgb "#d55e00" dt (2, 2) pt 9
set linetype 4 lc rgb "#009e73" dt (8, 3, 2, 3) pt 11
set linetype 5 lc rgb "#a0518a" dt (14, 4) pt 13
set linetype 6 lc rgb "#000000" dt (4, 2) pt 6
set linetype 7 lc rgb "#0072b2" dt 1 pt 4
set linetype 8 lc rgb "#d55e00" dt (8, 3) pt 8
set linetype 9 lc rgb "#009e73" dt (2, 2) pt 10
set linetype 10 lc rgb "#a0518a" dt (8, 3, 2, 3) pt 12
# With a meaning: main, other, level, context; supported, contradicted, undecided.
set linetype 11 lc rgb "#000000" dt 1 pt 7
set linetype 12 lc rgb "#0072b2" dt (6, 3) pt 6
set linetype 13 lc rgb "#404040" dt (8, 4) pt 0
set linetype 14 lc rgb "#c8c8c8" dt 1 pt 0
set linetype 15 lc rgb "#0072b2" dt 1 pt 7
set linetype 16 lc rgb "#d55e00" dt 1 pt 5
set linetype 17 lc rgb "#606060" dt 1 pt 6
set pointsize 0.5
set border 3 lw 0.8 lc rgb "#404040"
set tics nomirror out scale 0.5
set grid ytics lw 0.6 lc rgb "#dcdcdc" dt 1
unset key
set style arrow 1 head size screen 0.0025, 90 lw 1.1 lc rgb "#303030"
set style arrow 2 head filled size screen 0.006, 25 lw 1.1 lc rgb "#303030"
