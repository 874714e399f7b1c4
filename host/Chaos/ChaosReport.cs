using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using ActorTrain.Chaos;
using ActorTrain.Host.Configuration;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Host.Chaos;

/// <summary>One of the compared runs.</summary>
/// <param name="Weights">SHA-256 of its final weights, or null.</param>
/// <param name="StepsLost">Steps that were redone.</param>
internal sealed record ReportedRun(string Folder, string? Weights, double Seconds, int Starts, long StepsLost)
{
    public static ReportedRun Of(ChaosOutcome outcome) =>
        new(outcome.Directory.Path, outcome.WeightsHash, outcome.Seconds, outcome.Starts, outcome.StepsLost);
}

/// <summary>One fault, what was promised, and what the journal says.</summary>
/// <param name="Step">The current step when it was applied; null if it was not.</param>
/// <param name="Journal">The decision that shows the response; null if there is none.</param>
/// <param name="IsShown">Whether there is one, or none is needed.</param>
internal sealed record ReportedFault(int Number, string Kind, long? Step, string? Actor, string? What, string Answer, string? Journal,
    bool IsShown);

/// <summary>A comparison of a disturbed run with an undisturbed one.</summary>
internal sealed record ChaosReport(
    string Run, long Steps, long TokensPerStep, ulong Seed, ReportedRun Undisturbed, ReportedRun Disturbed, ReportedRun? LeavingOut,
    double GoodputPercent, IReadOnlyList<ReportedFault> Faults, IReadOnlyList<string> Broken)
{
    private static readonly TimeSpan ClockStep = TimeSpan.FromMilliseconds(1);

    public bool Held => Broken.Count == 0;

    /// <param name="schedule">The faults to inject.</param>
    /// <param name="leavingOut">A run that skipped from its start what the disturbed one skipped; null if not needed.</param>
    /// <param name="contradictions">Findings of the audit of the disturbed run's samples.</param>
    public static ChaosReport Of(
        RunConfiguration configuration, ChaosSchedule schedule, ChaosOutcome undisturbed, ChaosOutcome disturbed, ChaosOutcome? leavingOut,
        IReadOnlyList<string> contradictions)
    {
        var faults = schedule.Faults.Select(fault => Fault(fault, schedule, disturbed))
            .Where(fault => !schedule.IsTimed || fault.Step is not null).ToList();
        var broken = new List<string>();
        var reference = leavingOut ?? undisturbed;
        if (disturbed.WeightsHash is null)
            broken.Add("The disturbed run did not finish.");
        else if (disturbed.WeightsHash != reference.WeightsHash)
            broken.Add(
                $"The weights are not those of the "
                + $"{(leavingOut is null ? "undisturbed run" : "run that skipped the same batches from the start")}: "
                + $"{Short(disturbed.WeightsHash)}, not {Short(reference.WeightsHash)}.");
        broken.AddRange(disturbed.Failures.Select(static failure => $"The disturbed run had to be restarted although no fault had ended "
            + $"it: {failure}"));
        broken.AddRange(faults.Where(static fault => fault.Step is null).Select(static fault => $"Fault {fault.Number} ({fault.Kind}) "
            + $"never fired."));
        broken.AddRange(faults.Where(static fault => fault is { Step: not null, IsShown: false }).Select(static fault => $"The journal "
            + $"does not show the reaction to fault {fault.Number} ({fault.Kind})."));
        broken.AddRange(contradictions.Select(static contradiction => $"The samples that were read differ from the plan: {contradiction}"));
        return new ChaosReport(
            configuration.Run.Name, configuration.Training.Steps, (long)configuration.Training.Batch * configuration.Model.ContextLength,
                schedule.Seed,
            ReportedRun.Of(undisturbed), ReportedRun.Of(disturbed), leavingOut is null ? null : ReportedRun.Of(leavingOut),
            100 * undisturbed.Seconds / disturbed.Seconds, faults, broken);
    }

    public void Write(TextWriter output)
    {
        output.WriteLine(
            $"chaos: {Run}, {Steps} steps of {TokensPerStep:N0} tokens, {Faults.Count} {(Faults.Count == 1 ? "fault" : "faults")}, "
            + $"seed {Seed}");
        output.WriteLine();
        output.WriteLine($"{"",-13} {"weights",-14} {"processes",9} {"seconds",9} {"taken again",12} {"goodput",8}");
        Row("undisturbed", Undisturbed, null);
        Row("disturbed", Disturbed, GoodputPercent);
        if (LeavingOut is not null)
            Row("leaving out", LeavingOut, null);
        foreach (var fault in Faults)
        {
            output.WriteLine();
            output.WriteLine($"{fault.Number,3}  {fault.Kind}{OutcomeOf(fault)}");
            output.WriteLine($"     promised  {fault.Answer}");
            if (fault.Step is not null)
                output.WriteLine($"     journal   {fault.Journal ?? (fault.IsShown ? "(no decision needed)" : "does not show it")}");
        }

        output.WriteLine();
        if (Held)
        {
            output.WriteLine(LeavingOut is null
                ? "Passed: the weights are bit-identical to those of the undisturbed run."
                : "Passed: the weights are bit-identical to those of a run that skipped the same batches from the start.");
            return;
        }

        output.WriteLine("Failed:");
        foreach (var sentence in Broken)
            output.WriteLine($"  {sentence}");

        void Row(string name, ReportedRun run, double? goodput)
        {
            var percent = goodput is { } share ? $"{share:F1} %" : "";
            output.WriteLine(
                $"{name,-13} {Short(run.Weights),-14} {run.Starts,9} {run.Seconds,9:F1} {run.StepsLost,12} {percent,8}".TrimEnd());
        }
    }

    public string ToJson() => JsonSerializer.Serialize(this, Readable.ChaosReport);

    private static readonly ChaosReportJson Readable =
        new(new JsonSerializerOptions(ChaosReportJson.Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    private static string OutcomeOf(ReportedFault fault) =>
        fault.Step is { } step ? $" at step {step}, {fault.Actor}: {fault.What}" : " never fired";

    private static ReportedFault Fault(ChaosFault fault, ChaosSchedule schedule, ChaosOutcome disturbed)
    {
        var kind = ChaosKinds.ByName[fault.Kind];
        if (disturbed.Fired.FirstOrDefault(one => one.Fault == fault.Number) is not { } fired)
            return new ReportedFault(fault.Number, fault.Kind, null, null, null, kind.Answer, null, false);
        var shown = kind.Shows is null ? null
            : disturbed.Journal.FirstOrDefault(decision => decision.At >= fired.At - ClockStep && kind.Shows(decision, fault, fired));

        // What ends right after, with one above it, may not have come to notice what was done to it.
        var ended = kind.Effect is FaultEffect.Poison ? null : disturbed.Fired.FirstOrDefault(other => other.Fault != fault.Number
            && other.At >= fired.At && other.Step <= fired.Step + 1
            && ChaosKinds.ByName[schedule.Faults.First(one => one.Number == other.Fault).Kind].EndsToo(kind.Role));
        return new ReportedFault(
            fault.Number, fault.Kind, fired.Step, fired.Actor, fired.What, kind.Answer, shown is not null ? RunEventWords.Describe(shown)
                : ended is not null ? $"fault {ended.Fault} ended it" : null, kind.Shows is null || shown is not null || ended is not null);
    }

    private static string Short(string? hash) => hash is null ? "none" : hash[..12] + "…";

}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(ChaosReport))]
internal sealed partial class ChaosReportJson : JsonSerializerContext;
