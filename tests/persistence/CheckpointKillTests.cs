using System.Diagnostics;
using System.Globalization;
using ActorTrain.Persistence.Checkpoints;
using Xunit.Abstractions;

namespace ActorTrain.Persistence.Tests;

/// <summary>A real process that saves without end is killed with SIGKILL; what it announced must be there, and nothing half-done.</summary>
public sealed class CheckpointKillTests(ITestOutputHelper output) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private readonly TestDirectory directory = new();

    public void Dispose() => directory.Dispose();

    [Fact]
    public void Twenty_kills_at_random_moments_lose_nothing_that_was_announced()
    {
        var seed = Random.Shared.Next();
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        long last = 0;
        for (var kill = 0; kill < 20; kill++)
        {
            using var child = ChildProgram.Start(["commit", directory.Path, (last + 1).ToString(CultureInfo.InvariantCulture)]);
            var clock = Stopwatch.StartNew();
            for (var count = random.Next(1, 4); count > 0; count--)
            {
                clock.Restart();
                last = Number(child.ReadLine());
            }

            // Some point of the next save, which takes about as long as the one just seen.
            var moment = clock.Elapsed * (1.2 * random.NextDouble());
            clock.Restart();
            while (clock.Elapsed < moment)
                Thread.Yield();
            last = Math.Max(last, Kill(child));
            last = ShouldBeWhole(last);
        }

        Clear();
    }

    [Theory]
    [InlineData(".writing-*", "weights.safetensors")]
    [InlineData(".writing-*", "optimizer.safetensors")]
    [InlineData(".writing-*", "manifest.json")]
    [InlineData(".deleting-*", null)]
    public void A_kill_in_each_part_of_a_save_leaves_a_whole_checkpoint(string pattern, string? file)
    {
        long last = 0;
        for (var round = 0; round < 3; round++)
        {
            using var child = ChildProgram.Start(["commit", directory.Path, (last + 1).ToString(CultureInfo.InvariantCulture)]);
            last = Math.Max(last, Number(child.ReadLine()));
            WaitFor(child, () => Temporaries(pattern).Any(path => file is null || File.Exists(Path.Combine(path, file))));
            last = ShouldBeWhole(Math.Max(last, Kill(child)));
        }

        Clear();
    }

    [Fact]
    public void A_kill_while_a_checkpoint_is_replaced_leaves_the_old_or_the_new()
    {
        var version = 0;
        for (var round = 0; round < 5; round++)
        {
            using var child = ChildProgram.Start(["replace", directory.Path, version.ToString(CultureInfo.InvariantCulture)]);
            version = (int)Number(child.ReadLine());
            WaitFor(child, () => Temporaries(".writing-*").Any(static path => File.Exists(Path.Combine(path, "manifest.json"))));
            version = (int)Math.Max(version, Kill(child));

            // Opening for writing clears the other away.
            var store = new CheckpointStore(directory.Path, new CheckpointStoreOptions(), TimeProvider.System);
            using var loaded = store.LoadLatest(ChildProgram.LargeLayout, Samples.NoFaults).ShouldNotBeNull();
            using var next = Samples.Buffer(ChildProgram.LargeLayout, 1, version + 1);
            if (loaded.Manifest.WeightsHash == WeightsDigest.Of(ChildProgram.LargeLayout, next))
                version++;
            loaded.ShouldBeOf(1, ChildProgram.LargeLayout, version++);
            Temporaries(".*").ShouldBeEmpty();
        }
    }

    private static long Number(string? line) =>
        long.Parse(line.ShouldNotBeNull("The child ended by itself."), CultureInfo.InvariantCulture);

    /// <summary>Kills and returns the last number that was announced before death, or 0.</summary>
    private static long Kill(Process child)
    {
        child.Kill();
        var rest = child.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        child.WaitToEnd();
        return rest.Length == 0 ? 0 : Number(rest[^1]);
    }

    private static void WaitFor(Process child, Func<bool> seen)
    {
        var clock = Stopwatch.StartNew();
        while (!seen())
        {
            clock.Elapsed.ShouldBeLessThan(Patience, "The moment to kill at was never seen.");
            child.HasExited.ShouldBeFalse("The child ended by itself.");
        }
    }

    private string[] Temporaries(string pattern)
    {
        try
        {
            return Directory.GetDirectories(directory.Path, pattern);
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
    }

    /// <summary>The newest checkpoint, read without repairing anything, is whole and no older than the last announced.</summary>
    private long ShouldBeWhole(long announced)
    {
        var loaded = new CheckpointArchive(directory.Path).LoadLatest(ChildProgram.LargeLayout, Samples.NoFaults).ShouldNotBeNull();
        var step = loaded.Manifest.Facts.Step;
        step.ShouldBeInRange(announced, announced + 1);
        loaded.ShouldBeOf(step, ChildProgram.LargeLayout);
        return step;
    }

    private void Clear()
    {
        var store = new CheckpointStore(directory.Path, new CheckpointStoreOptions(), TimeProvider.System);
        Temporaries(".*").ShouldBeEmpty();
        store.List().ShouldAllBe(info => CheckpointArchive.Verify(info) == null);
    }
}
