namespace ActorTrain.Host.Plotting;

/// <summary>One rectangle of a picture with its axes and what is drawn between them.</summary>
internal sealed class PlotPanel(ICanvas canvas, Spot corner, double width, double height, Axis across, Axis up)
{
    private const double RawOpacity = 0.25;

    /// <summary>The paper, the name above it, and a rule with a label at each round value.</summary>
    public void Frame(string name, int ticks, Rgba paper, Rgba rule, Rgba ink, Rgba pale)
    {
        canvas.Rectangle(corner.X, corner.Y, width, height, paper);
        canvas.Text(name, new Spot(corner.X, corner.Y - 12), 13, ink, bold: true);
        foreach (var value in up.Ticks(ticks))
        {
            var y = At(0, value).Y;
            canvas.Line([new Spot(corner.X, y), new Spot(corner.X + width, y)], rule, 1);
            canvas.Text(Axis.Label(value), new Spot(corner.X - 9, y + 4), 12, pale, TextAnchor.End);
        }

        foreach (var step in WholeSteps())
        {
            var x = At(step, 0).X;
            canvas.Line([new Spot(x, corner.Y), new Spot(x, corner.Y + height)], rule, 1);
        }
    }

    /// <summary>Labels below the panel for the steps.</summary>
    public void Across(string name, Rgba ink, Rgba pale)
    {
        foreach (var step in WholeSteps())
            canvas.Text(Axis.Label(step), new Spot(At(step, 0).X, corner.Y + height + 18), 12, pale, TextAnchor.Middle);
        canvas.Text(name, new Spot(corner.X + width / 2, corner.Y + height + 42), 13, ink, TextAnchor.Middle);
    }

    /// <summary>A series: faint as it is, clear as smoothed.</summary>
    public void Series(MetricsSeries series, int window, Rgba color, string label)
    {
        if (window > 1)
            Lines(series, color with { Alpha = RawOpacity }, 1, $"{label}, raw");
        Lines(series.Smoothed(window), color, 2.2, label);
    }

    /// <summary>A series as one broad line, on which others can be drawn.</summary>
    public void Thick(MetricsSeries series, Rgba color, double thickness, string label) => Lines(series, color, thickness, label);

    /// <summary>A series of few points: discs joined by a thin line.</summary>
    public void Dots(MetricsSeries series, Rgba color, string label)
    {
        Lines(series, color, 1.4, label);
        for (var i = 0; i < series.Count; i++)
        {
            if (double.IsFinite(series.Values[i]))
                canvas.Disc(At(series.Steps[i], series.Values[i]), 3.6, color);
        }
    }

    private void Lines(MetricsSeries series, Rgba color, double thickness, string label)
    {
        var places = new List<Spot>();
        for (var i = 0; i <= series.Count; i++)
        {
            if (i < series.Count && double.IsFinite(series.Values[i]))
            {
                places.Add(At(series.Steps[i], series.Values[i]));
                continue;
            }

            if (places.Count == 1)
                canvas.Disc(places[0], thickness, color);
            else if (places.Count > 1)
                canvas.Line(Thinned(places), color, thickness, label);
            places.Clear();
        }
    }

    // Of the places that fall on one half unit to the right, the first, the highest, the lowest and the last show all that can be seen.
    private static List<Spot> Thinned(List<Spot> places)
    {
        const double Column = 0.5;
        var kept = new List<Spot>();
        for (var from = 0; from < places.Count;)
        {
            var to = from;
            while (to + 1 < places.Count && Math.Floor(places[to + 1].X / Column) == Math.Floor(places[from].X / Column))
                to++;
            var (high, low) = (from, from);
            for (var i = from; i <= to; i++)
            {
                high = places[i].Y < places[high].Y ? i : high;
                low = places[i].Y > places[low].Y ? i : low;
            }

            kept.AddRange(new[] { from, Math.Min(high, low), Math.Max(high, low), to }.Distinct().Select(i => places[i]));
            from = to + 1;
        }

        return kept;
    }

    private IEnumerable<double> WholeSteps() => across.Ticks(8).Where(static step => step == Math.Floor(step));

    private Spot At(double step, double value) => new(corner.X + across.Place(step) * width, corner.Y + (1 - up.Place(value)) * height);
}
