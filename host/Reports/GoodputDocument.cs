using ActorTrain.Actors.Goodput;
using ActorTrain.Persistence.Goodput;

namespace ActorTrain.Host.Reports;

/// <summary>The time account of a run for programs. Times are seconds.</summary>
internal sealed record GoodputDocument(
    string Run, DateTimeOffset From, DateTimeOffset To, double Wall, double Ettr, double WantedEttr, long NewSteps, long LostSteps,
    int Failures, double? Mtbf, double? Mttr, IReadOnlyDictionary<string, double> Seconds, IReadOnlyList<GoodputPart> Parts)
{
    public static GoodputDocument Of(string run, GoodputReport report) => new(
        run, report.From, report.To, report.Wall.TotalSeconds, report.Ettr, report.WantedEttr, report.NewSteps, report.LostSteps,
            report.Failures,
        report.Mtbf?.TotalSeconds, report.Mttr?.TotalSeconds,
        Enum.GetValues<GoodputActivity>().ToDictionary(NameOf, activity => report.TimeOf(activity).TotalSeconds),
        [.. report.Shares.Select(
            static share => new GoodputPart(NameOf(share.Activity), share.Cause, share.Time.TotalSeconds, share.Begun))]);

    private static string NameOf(GoodputActivity activity) => GoodputText.InWords(activity).Replace(' ', '_');
}

internal sealed record GoodputPart(string Activity, string? Cause, double Seconds, int Begun);
