using System.Globalization;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Host.Reports;

internal static class JournalReport
{
    public static void Write(IReadOnlyList<RunEvent> decisions, TextWriter output)
    {
        var width = decisions.Max(static decision => decision.Step).ToString(CultureInfo.InvariantCulture).Length;
        foreach (var decision in decisions)
        {
            var step = decision.Step.ToString(CultureInfo.InvariantCulture).PadLeft(width);
            output.WriteLine(
                $"{decision.At.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture)}  step {step}  "
                + $"{RunEventWords.Describe(decision).ReplaceLineEndings(" ")}");
        }
    }
}
