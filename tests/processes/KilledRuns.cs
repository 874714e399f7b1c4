using System.Diagnostics;
using System.Globalization;

namespace ActorTrain.Tests.Processes;

/// <summary>Runs that are really killed.</summary>
internal static class KilledRuns
{
    private const int Attempts = 20;

    /// <summary>Begins a run anew and kills each of its processes once it has saved a step.</summary>
    /// <remarks>Small runs are fast: one that came to its end before it was killed is begun anew.</remarks>
    /// <param name="lives">The step of each process, and what starts it.</param>
    /// <param name="between">What is done after the first kill.</param>
    public static void Kill(this RealRun real, string run, IReadOnlyList<(int Step, string[] Command)> lives, Action? between = null)
    {
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            if (Directory.Exists(real.RunFolder(run)))
                Directory.Delete(real.RunFolder(run), recursive: true);
            if (lives.Index().All(life =>
                {
                    if (life.Index == 1)
                        between?.Invoke();
                    return IsKilled(real, life.Item.Step, life.Item.Command);
                }))
                return;
        }

        throw new InvalidOperationException($"{run} came to its end {Attempts} times before it could be killed.");
    }

    private static bool IsKilled(RealRun real, int step, string[] command)
    {
        using var process = real.Start(command);
        while (process.ReadLine() is { } line)
        {
            if (line.Split(' ') is not ["checkpoint", "step", var saved, ..] || int.Parse(saved, CultureInfo.InvariantCulture) < step)
                continue;
            process.Kill();
            process.WaitToEnd();
            return process.ExitCode != 0;
        }

        process.WaitToEnd();
        return process.ExitCode == 0 ? false
            : throw new InvalidOperationException($"It failed before step {step}: {process.StandardError.ReadToEnd()}");
    }
}
