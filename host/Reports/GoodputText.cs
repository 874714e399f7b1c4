using System.Globalization;
using ActorTrain.Actors.Goodput;
using ActorTrain.Host.Progress;
using ActorTrain.Models;
using ActorTrain.Persistence.Goodput;

namespace ActorTrain.Host.Reports;

internal static class GoodputText
{
    public static void Write(string run, GoodputReport report, TextWriter output)
    {
        ArgumentNullException.ThrowIfNull(report);
        output.WriteLine($"{run}: {Figures.Duration(report.Wall)} from {Moment(report.From)} to {Moment(report.To)}");
        foreach (var activity in Enum.GetValues<GoodputActivity>())
        {
            var shares = report.Shares.Where(share => share.Activity == activity).ToList();
            if (shares.Count == 0)
                continue;
            Line(InWords(activity), new TimeSpan(shares.Sum(static share => share.Time.Ticks)), report,
                Count(activity, report, shares.Sum(static share => share.Begun)), output);
            foreach (var share in shares.Where(static share => share.Cause is not null))
                Line($"  {share.Cause}", share.Time, report, activity == GoodputActivity.Recovering ? Times(share.Begun) : "", output);
        }

        Line("total", report.Wall, report, "", output);
        output.WriteLine($"ETTR {100 * report.Ettr:0.0}% ({100 * report.WantedEttr:0.0}% excluding pauses and stops)");
        output.WriteLine($"lost steps {report.LostSteps}, failures {report.Failures}"
            + (report is { Mtbf: { } between, Mttr: { } repair } ? $", MTBF {Seconds(between)} s, MTTR {Seconds(repair)} s" : ""));
    }

    internal static string InWords(GoodputActivity activity) => activity switch
    {
        GoodputActivity.NewSteps => "new steps",
        GoodputActivity.RedoneSteps => "redone steps",
        GoodputActivity.WaitingForData => "waiting for data",
        GoodputActivity.Generating => "generating rollouts",
        _ => activity.ToString().ToLowerInvariant(),
    };

    private static string Count(GoodputActivity activity, GoodputReport report, int begun) => activity switch
    {
        GoodputActivity.NewSteps => Plural.Of(report.NewSteps, "step"),
        GoodputActivity.RedoneSteps => Plural.Of(report.LostSteps, "step"),
        GoodputActivity.Recovering or GoodputActivity.Paused or GoodputActivity.Down => Times(begun),
        _ => "",
    };

    private static string Times(int begun) => begun switch { 0 => "", 1 => "once", _ => $"{begun} times" };

    private static void Line(string name, TimeSpan time, GoodputReport report, string more, TextWriter output) =>
        output.WriteLine(
            $"  {name,-24}{Seconds(time),12} s {100 * (report.Wall > TimeSpan.Zero ? time / report.Wall : 0),6:0.0}%  {more}".TrimEnd());

    private static string Seconds(TimeSpan time) => $"{time.TotalSeconds:0.00}";

    private static string Moment(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
