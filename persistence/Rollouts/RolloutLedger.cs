using System.Globalization;
using ActorTrain.Models;
using ActorTrain.Models.Files;
using ActorTrain.Models.Rollouts;
using ActorTrain.Persistence.Terms;

namespace ActorTrain.Persistence.Rollouts;

/// <summary>The rollouts of a run, a file per step: a line for the step, then one for each rollout.</summary>
/// <remarks>A file is written whole and durable before its step is trained on. What is missing or damaged can be sampled again, to the same
/// bits; a step that is taken again after a rollback replaces its file. Thread-safe: a writer that was replaced may still be
/// writing.</remarks>
/// <param name="folder">Made when the first step is written.</param>
public sealed class RolloutLedger(string folder)
{
    private readonly Lock gate = new();

    /// <summary>Under which it is written.</summary>
    public RunTerm Term { get; init; } = RunTerm.None;

    /// <exception cref="UserErrorException">A disk error.</exception>
    public void Write(StepRollouts step) => Disk.Attempt($"Cannot write the rollouts of step {step.Step} to {folder}", () =>
    {
        Directory.CreateDirectory(folder);
        var content = RolloutCodec.Write(step);
        lock (gate)
        {
            Term.Confirm();
            Disk.Replace(PathOf(step.Step), content);
        }
    });

    /// <summary>The steps that have a file, damaged or not; ascending.</summary>
    /// <exception cref="UserErrorException">The folder cannot be read.</exception>
    public IReadOnlyList<long> Steps() => Disk.Attempt<long[]>($"Cannot list the rollouts in {folder}", () =>
    [
        .. (Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "step-*.jsonl") : []).Select(StepOf)
            .Where(step => step >= 0 && File.Exists(PathOf(step))).Distinct().Order(),
    ]);

    /// <summary>The file of a step.</summary>
    public string PathOf(long step) => Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"step-{step:00000000}.jsonl"));

    /// <summary>The rollouts of a step; null if there are none, or they are damaged.</summary>
    public StepRollouts? Read(long step)
    {
        try
        {
            return RolloutCodec.Read(File.ReadAllBytes(PathOf(step)), step);
        }
        catch (Exception exception) when (Disk.IsFailure(exception))
        {
            return null;
        }
    }

    private static long StepOf(string path) => long.TryParse(
        Path.GetFileNameWithoutExtension(path).AsSpan("step-".Length), NumberStyles.None, CultureInfo.InvariantCulture, out var step)
        ? step : -1;
}
