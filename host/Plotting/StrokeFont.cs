namespace ActorTrain.Host.Plotting;

/// <summary>A small sans-serif typeface of pen strokes, so that pictures need no font files.</summary>
/// <remarks>A glyph is a list of strokes, parted by spaces; a stroke is a list of places, each a hexadecimal digit to the right and one downwards.
/// Capitals stand on 9 and reach up to 0, small letters reach up to 3, descenders down to c. A stroke that begins with <c>~</c> is bent: its places are
/// the control polygon of a quadratic B-spline, closed where it ends where it began. A stroke of one place twice is a dot.</remarks>
internal static class StrokeFont
{
    private const double CapHeight = 9;
    private const double CapHeightOfSize = 0.72;
    private const double Gap = 2.6;
    private const double SpaceWidth = 3.4;
    private const int Bends = 3;
    private const string Unknown = "0060690900";
    private const string Bowl = "~5359090353";

    private static readonly Dictionary<char, string> Glyphs = new()
    {
        ['A'] = "093069 1656",
        ['B'] = "0009 ~00505404 ~04646909",
        ['C'] = "~626000096967",
        ['D'] = "0009 ~00606909",
        ['E'] = "60000969 0454",
        ['F'] = "600009 0454",
        ['G'] = "~626000096965 6535",
        ['H'] = "0009 6069 0464",
        ['I'] = "0009",
        ['J'] = "~40490907",
        ['K'] = "0009 6005 2369",
        ['L'] = "000969",
        ['M'] = "0900356069",
        ['N'] = "09006960",
        ['O'] = "~6069090060",
        ['P'] = "0900 ~00606505",
        ['Q'] = "~6069090060 476a",
        ['R'] = "0900 ~00606505 3569",
        ['S'] = "~6260000465690907",
        ['T'] = "0060 3039",
        ['U'] = "0006 ~06096966 6660",
        ['V'] = "003960",
        ['W'] = "0029416980",
        ['X'] = "0069 6009",
        ['Y'] = "003460 3439",
        ['Z'] = "00600969",
        ['a'] = Bowl + " 5359",
        ['b'] = "0009 " + Bowl,
        ['c'] = "~545303095958",
        ['d'] = "5059 " + Bowl,
        ['e'] = "0656 ~565303095958",
        ['f'] = "~402023 2329 0343",
        ['g'] = Bowl + " 535a ~5a5c0c0b",
        ['h'] = "0009 ~06035356 5659",
        ['i'] = "0309 0101",
        ['j'] = "232a ~2a2c0c 2121",
        ['k'] = "0009 4307 2559",
        ['l'] = "0009",
        ['m'] = "0309 ~06034346 4649 ~46438386 8689",
        ['n'] = "0309 ~06035356 5659",
        ['o'] = Bowl,
        ['p'] = "030c " + Bowl,
        ['q'] = "535c " + Bowl,
        ['r'] = "0309 ~060333",
        ['s'] = "~5453030656590908",
        ['t'] = "2127 ~272949 0343",
        ['u'] = "0306 ~06095956 5359",
        ['v'] = "032943",
        ['w'] = "0329446983",
        ['x'] = "0349 4309",
        ['y'] = "0329 431c",
        ['z'] = "03430949",
        ['0'] = "~5059090050",
        ['1'] = "022029",
        ['2'] = "~0200505409 0959",
        ['3'] = "~0100505424 ~2454590908",
        ['4'] = "49400656",
        ['5'] = "500004 ~0453590908",
        ['6'] = "~51500006 ~5459090454",
        ['7'] = "005029",
        ['8'] = "~5054040050 ~5459090454",
        ['9'] = "~5055050050 ~53590908",
        ['.'] = "0909",
        [','] = "190b",
        [':'] = "0404 0909",
        [';'] = "1414 190b",
        ['-'] = "0636",
        ['+'] = "0646 2428",
        ['='] = "0545 0747",
        ['/'] = "0a40",
        ['%'] = "~2023030020 6009 ~6669494666",
        ['('] = "~2002072a",
        [')'] = "~0022270a",
        ['_'] = "0a5a",
        ['\''] = "0002",
        ['"'] = "0002 2022",
        ['!'] = "0006 0909",
        ['?'] = "~0200505526 2929",
        ['·'] = "0606",
        ['<'] = "430649",
        ['>'] = "034609",
        ['*'] = "2024 0143 4103",
        ['#'] = "2019 5049 0363 0666",
        ['&'] = "69101040 ~40430609 ~094965",
        ['@'] = "~6269090060 ~4446262444",
        ['['] = "20000a2a",
        [']'] = "00202a0a",
        ['|'] = "000b",
        ['\\'] = "004a",
        ['—'] = "0696",
        ['–'] = "0666",
    };

    /// <summary>Width of a line of text at a size, in units.</summary>
    public static double Width(string text, double size)
    {
        var width = text.Sum(Advance) - (text.Length > 0 ? Gap : 0);
        return Math.Max(0, width) * Scale(size);
    }

    /// <summary>The strokes of a line of text that begins at a place on the baseline.</summary>
    public static IEnumerable<IReadOnlyList<Spot>> Strokes(string text, Spot place, double size)
    {
        var (x, scale) = (place.X, Scale(size));
        foreach (var letter in text)
        {
            if (letter != ' ')
            {
                foreach (var stroke in Shape(letter))
                    yield return [.. stroke.Select(spot => new Spot(x + spot.X * scale, place.Y + (spot.Y - CapHeight) * scale))];
            }

            x += Advance(letter) * scale;
        }
    }

    private static double Scale(double size) => size * CapHeightOfSize / CapHeight;

    private static double Advance(char letter) => letter == ' ' ? SpaceWidth : Shape(letter).Max(static stroke => stroke.Max(static spot => spot.X)) + Gap;

    private static IEnumerable<IReadOnlyList<Spot>> Shape(char letter) =>
        Glyphs.GetValueOrDefault(letter, Unknown).Split(' ').Select(static stroke => stroke[0] == '~' ? Bent(Places(stroke[1..])) : Places(stroke));

    private static List<Spot> Places(string digits)
    {
        var places = new List<Spot>();
        for (var i = 0; i + 1 < digits.Length; i += 2)
            places.Add(new Spot(Convert.ToInt32(digits[i].ToString(), 16), Convert.ToInt32(digits[i + 1].ToString(), 16)));
        return places;
    }

    // Chaikin's corner cutting (1974) converges to the quadratic B-spline.
    private static List<Spot> Bent(List<Spot> places)
    {
        var closed = places[0] == places[^1];
        for (var bend = 0; bend < Bends; bend++)
        {
            var cut = new List<Spot>();
            if (!closed)
                cut.Add(places[0]);
            for (var i = 0; i + 1 < places.Count; i++)
            {
                var (a, b) = (places[i], places[i + 1]);
                cut.Add(new Spot(0.75 * a.X + 0.25 * b.X, 0.75 * a.Y + 0.25 * b.Y));
                cut.Add(new Spot(0.25 * a.X + 0.75 * b.X, 0.25 * a.Y + 0.75 * b.Y));
            }

            cut.Add(closed ? cut[0] : places[^1]);
            places = cut;
        }

        return places;
    }
}
