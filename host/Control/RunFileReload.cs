using ActorTrain.Host.Configuration;
using ActorTrain.Models;

namespace ActorTrain.Host.Control;

/// <summary>Reloads the run file of a running run, at SIGHUP or on request by the control socket.</summary>
/// <param name="runFile">The file, or null if the run was started without one.</param>
/// <param name="overrides">Given after <c>--set</c>; they take precedence over the file.</param>
/// <param name="started">The configuration that the run was started with.</param>
/// <param name="scale">Changes the number of trainers.</param>
/// <param name="steps">The run's steps, extensions included.</param>
internal sealed class RunFileReload(string? runFile, IReadOnlyList<string> overrides, RunConfiguration started, Action<int> scale,
    Func<long> steps)
{
    private const string Live = "trainers.count";

    /// <summary>Applies the settings that may change while the run is running.</summary>
    /// <returns>The outcome, in one sentence.</returns>
    /// <exception cref="UserErrorException">The file is unreadable or invalid; nothing changed.</exception>
    public string Apply()
    {
        if (runFile is null)
            throw new UserErrorException("The run was started without a run file, so there is nothing to reload; use `actortrain scale`.");
        var asked = RunFile.ReadAgain(runFile, overrides, started, steps);
        var changes = RunConfiguration.Differences(started, asked).Where(static change => change.Key != Live).ToList();
        if (changes.Where(static change => change.MayChangeBecause is null).ToList() is { Count: > 0 } refused)
            throw new UserErrorException($"{runFile} was not reloaded: {Names(refused)} cannot change in this run; "
                + $"restore the old value or choose another run.name.");

        scale(asked.Trainers.Count);
        var done = $"Reloaded {runFile}: {Plural.Of(asked.Trainers.Count, "trainer")}";
        return changes.Count == 0 ? done + "."
            : $"{done}; {Names(changes)} {(changes.Count == 1 ? "takes" : "take")} effect on the next start.";
    }

    private static string Names(IEnumerable<ConfigurationDifference> changes) =>
        string.Join(", ", changes.Select(static change => change.Key));
}
