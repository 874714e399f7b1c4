using ActorTrain.Models;
using ActorTrain.Models.Storage;
using ActorTrain.Persistence.Checkpoints;
using Microsoft.Extensions.Time.Testing;

namespace ActorTrain.Persistence.Tests;

public sealed class CheckpointStoreTests : IDisposable
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);
    private readonly TestDirectory directory = new();

    private string Folder => directory.At("run", "checkpoints");

    public void Dispose() => directory.Dispose();

    [Fact]
    public void What_is_committed_is_loaded_bit_for_bit()
    {
        Store().Commit(100);

        new CheckpointArchive(Folder).LoadLatest(Samples.Layout, Samples.NoFaults).ShouldBeOf(100);
        Directory.EnumerateFileSystemEntries(Folder).Select(Path.GetFileName).ShouldBe(["step-00000100"]);
        Directory.EnumerateFiles(Path.Combine(Folder, "step-00000100")).Select(Path.GetFileName)
            .ShouldBe(["manifest.json", "optimizer.safetensors", "weights.safetensors"], ignoreOrder: true);
    }

    [Fact]
    public void The_manifest_tells_all_that_was_given()
    {
        Store().Commit(7);

        var info = new CheckpointArchive(Folder).List().ShouldHaveSingleItem();
        info.Fault.ShouldBeNull();
        var manifest = info.Manifest.ShouldNotBeNull();
        manifest.CreatedAt.ShouldBe(Noon);
        var expected = Samples.Facts(7);
        (manifest.Facts with { State = expected.State }).ShouldBe(expected);
        manifest.Facts.State.ShouldBe(expected.State, ignoreOrder: true);
        manifest.Files.Select(file => file.Name).ShouldBe(["weights.safetensors", "optimizer.safetensors"]);
        manifest.Files.ShouldAllBe(file => file.Size == new FileInfo(Path.Combine(info.Path, file.Name)).Length);
        CheckpointArchive.Verify(info).ShouldBeNull();
    }

    [Fact]
    public void A_policy_is_read_without_the_critic_beside_it_and_has_a_hash_of_its_own()
    {
        var model = ModelOptions.FromDepth(1, ModelFamily.Llama) with { Width = 8, Heads = 1, VocabularySize = 11, Critic = true };
        var (both, policy) = (ModelLayout.Of(model), ModelLayout.Of(model.ShapeOfPolicy()));
        var content = Samples.Content(3, both);
        Store().Commit(content with { Facts = content.Facts with { Model = model } });

        var archive = new CheckpointArchive(Folder);
        using (var whole = archive.LoadLatest(both, Samples.NoFaults).ShouldNotBeNull())
            whole.Manifest.WeightsHash.ShouldBe(WeightsDigest.Of(both, whole.Weights));
        using (var loaded = archive.LoadLatest(policy, Samples.NoFaults, CheckpointParts.Weights).ShouldNotBeNull())
        {
            loaded.Manifest.Facts.Model.ShouldBe(model);
            loaded.Manifest.PolicyHash.ShouldBe(WeightsDigest.Of(policy, loaded.Weights));
            loaded.Weights.Slice(0, (int)loaded.Weights.Length).SequenceEqual(content.Weights.Slice(0, (int)loaded.Weights.Length))
                .ShouldBeTrue();
        }

        content.Free();
    }

    [Fact]
    public void A_manifest_has_the_scaling_of_rotary_frequencies_and_says_nothing_of_it_where_there_is_none()
    {
        Store().Commit(7);
        File.ReadAllText(Path.Combine(Folder, "step-00000007", "manifest.json")).ShouldNotContain("ropeScaling");

        var content = Samples.Content(8);
        var scaling = new RopeScaling { Type = RopeScalingType.Yarn, Factor = 2.5, OriginalContext = 99, BetaSlow = 0.7 }.Complete();
        var model = content.Facts.Model with { RopeScaling = scaling };
        Store().Commit(content with { Facts = content.Facts with { Model = model } });
        content.Free();
        new CheckpointArchive(Folder).List().Select(static info => info.Manifest!.Facts.Model.RopeScaling).Order(
            Comparer<RopeScaling>.Create(static (one, other) => one.Type.CompareTo(other.Type))).ShouldBe([default, scaling]);
    }

    [Fact]
    public void Without_a_critic_nothing_in_a_manifest_speaks_of_one()
    {
        Store().Commit(7);
        var manifest = new CheckpointArchive(Folder).List().ShouldHaveSingleItem().Manifest.ShouldNotBeNull();
        manifest.PolicyHash.ShouldBe(manifest.WeightsHash);
        File.ReadAllText(Path.Combine(Folder, "step-00000007", "manifest.json")).ToLowerInvariant().ShouldNotContain("critic");
        File.ReadAllText(Path.Combine(Folder, "step-00000007", "manifest.json")).ShouldNotContain("policyHash");
    }

    [Fact]
    public void The_same_content_gives_the_same_bytes()
    {
        Store().Commit(5);
        var other = directory.At("other");
        Store(folder: other).Commit(5);
        foreach (var name in new[] { "manifest.json", "optimizer.safetensors", "weights.safetensors" })
            File.ReadAllBytes(Path.Combine(other, "step-00000005", name))
                .ShouldBe(File.ReadAllBytes(Path.Combine(Folder, "step-00000005", name)));
    }

    [Fact]
    public void An_empty_or_missing_directory_has_no_checkpoint()
    {
        new CheckpointArchive(Folder).List().ShouldBeEmpty();
        new CheckpointArchive(Folder).LoadLatest(Samples.Layout, Samples.NoFaults).ShouldBeNull();
        Directory.Exists(Folder).ShouldBeFalse();
    }

    [Fact]
    public void The_weights_alone_can_be_loaded()
    {
        Store().Commit(3);
        using var loaded = new CheckpointArchive(Folder).LoadLatest(manifest => Samples.Layout, Samples.NoFaults, CheckpointParts.Weights)
            .ShouldNotBeNull();
        loaded.Weights.ShouldHold(Samples.Buffer(Samples.Layout, 3, 0));
        loaded.FirstMoment.ShouldBeNull();
        loaded.SecondMoment.ShouldBeNull();
    }

    [Fact]
    public void The_last_ones_and_every_kth_stay()
    {
        var store = Store(new CheckpointStoreOptions { KeepLast = 2, KeepEvery = 40 });
        for (var step = 10; step <= 100; step += 10)
            store.Commit(step);
        store.List().Select(info => info.Step).ShouldBe([100, 90, 80, 40]);
    }

    [Fact]
    public void A_checkpoint_just_made_is_never_deleted_in_favour_of_broken_later_ones()
    {
        var store = Store(new CheckpointStoreOptions { KeepLast = 1 });
        store.Commit(100);
        store.Commit(200);
        File.Delete(Path.Combine(Folder, "step-00000200", "weights.safetensors"));

        // As a run does that fell back: it takes step 150 again while the broken 200 still stands there.
        store.Commit(150);
        var faults = new List<CheckpointFault>();
        store.LoadLatest(Samples.Layout, faults.Add).ShouldBeOf(150);
        faults.ShouldHaveSingleItem().Step.ShouldBe(200);
    }

    [Fact]
    public void The_newest_good_one_stays_however_many_come_after_it()
    {
        var store = Store(new CheckpointStoreOptions { KeepLast = 2 });
        foreach (var step in new[] { 10, 20, 30 })
            store.Commit(step);
        foreach (var step in new[] { 20, 30 })
            store.MarkGood(step, HashOf(step), step + 100);
        store.MarkGood(99, "none of that step", 100);
        foreach (var step in new[] { 40, 50, 60 })
            store.Commit(step);

        // In another process too.
        Store(new CheckpointStoreOptions { KeepLast = 2 }).Commit(70);
        store.List().Select(static info => (info.Step, info.ProvedAt)).ShouldBe([(70, null), (60, null), (30, 130)]);
        store.List().ShouldAllBe(static info => CheckpointArchive.Verify(info) == null);
    }

    [Fact]
    public void A_mark_is_believed_only_of_the_weights_it_was_made_for()
    {
        var store = Store();
        store.Commit(10);
        store.MarkGood(10, "other weights", 50);
        store.List()[0].ProvedAt.ShouldBeNull();
        var marker = Path.Combine(Folder, "step-00000010", "good");
        foreach (var text in new[] { "", "50", "x " + HashOf(10), "50 " + HashOf(10) + " more", new string('9', 5000) })
        {
            File.WriteAllText(marker, text);
            store.List()[0].ProvedAt.ShouldBeNull(text);
        }

        store.MarkGood(10, HashOf(10), 50);
        store.List()[0].ProvedAt.ShouldBe(50);
        store.Commit(10, version: 3);
        store.List()[0].ProvedAt.ShouldBeNull("it is another one now");
    }

    [Fact]
    public void What_the_run_has_left_makes_room_and_is_deleted_with_the_next_save()
    {
        var store = Store(new CheckpointStoreOptions { KeepLast = 2 });
        foreach (var step in new[] { 10, 20, 30 })
            store.Commit(step);
        var content = Samples.Content(25);
        store.Commit(content, manifest => manifest.Facts.Step >= 20);
        content.Free();
        store.List().Select(static info => info.Step).ShouldBe([25], "10 had gone before, 20 and 30 were left");
    }

    [Theory]
    [InlineData("100+ 90 80 70 60g 50", 2, 0, "80 70 50")]
    [InlineData("100x 90 80x 70 60x 50", 2, 0, "60 50")]
    [InlineData("100x 90x 80", 2, 0, "")]
    [InlineData("100x 90x 80", 1, 0, "")]
    [InlineData("100 90 80 70n 60", 2, 40, "60")]
    [InlineData("100g 90g 80g", 1, 0, "90 80")]
    public void What_need_not_stay(string found, int keepLast, long keepEvery, string surplus)
    {
        // g: good, x: damaged, n: of a newer program; else whole.
        var infos = found.Split(' ').Select(static word =>
        {
            var step = long.Parse(word.TrimEnd('g', 'x', 'n', '+'), System.Globalization.CultureInfo.InvariantCulture);
            return word[^1] is 'x' or 'n'
                ? new CheckpointInfo("", step, null, new CheckpointFault("", step, "", IsNewer: word[^1] == 'n'))
                : new CheckpointInfo("", step, Manifest(step), null) { ProvedAt = word[^1] == 'g' ? step + 1 : null };
        }).ToList();
        string.Join(' ', CheckpointRetention.Surplus(infos, new CheckpointStoreOptions { KeepLast = keepLast, KeepEvery = keepEvery })
            .Select(static info => info.Step)).ShouldBe(surplus);
    }

    [Fact]
    public void Where_nothing_else_is_whole_nothing_counts_as_left()
    {
        CheckpointInfo[] found = [new("", 20, Manifest(20), null), new("", 10, null, new CheckpointFault("", 10, ""))];
        CheckpointRetention.Part(found, static _ => true).Abandoned.ShouldBeEmpty();
        CheckpointRetention.Part([.. found, new("", 5, Manifest(5), null)], static info => info.Step == 20).Abandoned.ShouldHaveSingleItem()
            .Step.ShouldBe(20);
    }

    [Fact]
    public void A_step_taken_again_replaces_its_checkpoint()
    {
        var store = Store();
        store.Commit(100);
        store.Commit(100, version: 5);
        store.LoadLatest(Samples.Layout, Samples.NoFaults).ShouldBeOf(100, version: 5);
        Directory.EnumerateFileSystemEntries(Folder).Count().ShouldBe(1);
    }

    [Fact]
    public void Going_back_discards_the_future()
    {
        var store = Store(new CheckpointStoreOptions { KeepLast = 10 });
        foreach (var step in new[] { 10, 20, 30, 40 })
            store.Commit(step);
        store.DiscardAfter(20);
        store.List().Select(info => info.Step).ShouldBe([20, 10]);
    }

    [Fact]
    public void Opening_clears_what_a_kill_left_and_nothing_else()
    {
        Store().Commit(10);
        foreach (var name in new[] { ".writing-step-00000020", ".deleting-step-00000005", ".replaced-step-00000010", "notes", ".mine" })
        {
            Directory.CreateDirectory(Path.Combine(Folder, name));
            File.WriteAllText(Path.Combine(Folder, name, "weights.safetensors"), "torn");
        }

        new CheckpointArchive(Folder).List().Select(info => info.Step).ShouldBe([10]);
        Directory.EnumerateFileSystemEntries(Folder).Count().ShouldBe(6, "Looking must not change anything.");
        Store().List().Select(info => info.Step).ShouldBe([10]);
        Directory.EnumerateFileSystemEntries(Folder).Select(Path.GetFileName)
            .ShouldBe(["step-00000010", "notes", ".mine"], ignoreOrder: true);
    }

    [Fact]
    public void A_checkpoint_that_stepped_aside_for_one_that_never_came_comes_back()
    {
        Store().Commit(10);
        Directory.Move(Path.Combine(Folder, "step-00000010"), Path.Combine(Folder, ".replaced-step-00000010"));
        Store().LoadLatest(Samples.Layout, Samples.NoFaults).ShouldBeOf(10);
    }

    [Fact]
    public void A_cancelled_save_leaves_nothing()
    {
        var store = Store();
        store.Commit(10);
        var content = Samples.Content(20);
        Should.Throw<OperationCanceledException>(() => store.Commit(content, cancellation: new CancellationToken(canceled: true)));
        content.Free();
        Directory.EnumerateFileSystemEntries(Folder).Select(Path.GetFileName).ShouldBe(["step-00000010"]);
    }

    [Theory]
    [InlineData("tokens.weight", new long[] { 33, 8 }, "tokens.weight is F32 [33, 7] | F32 [33, 8]")]
    [InlineData("words.weight", new long[] { 33, 7 }, "has no tensor words.weight")]
    [InlineData(null, null, "has a tensor tokens.weight, which the model does not have")]
    public void A_layout_that_differs_is_told_and_not_taken_for_a_torn_file(string? name, long[]? shape, string because)
    {
        Store().Commit(10);
        (string Name, IReadOnlyList<long> Shape)[] rest = [("norm.weight", [7]), ("norm.bias", [7])];
        var layout = FlatLayout.Of(name is null ? rest : [(name, shape!), .. rest]);
        var error = Should.Throw<UserErrorException>(() => new CheckpointArchive(Folder).LoadLatest(layout, Samples.NoFaults));
        error.Message.ShouldName(because);
        error.Message.ShouldContain(Path.Combine("step-00000010", "weights.safetensors"));
    }

    [Fact]
    public void A_buffer_of_another_size_is_the_callers_mistake()
    {
        var content = Samples.Content(1);
        using var small = new HostBuffer(8);
        Should.Throw<ArgumentException>(() => Store().Commit(content with { SecondMoment = small }));
        content.Free();
        Directory.EnumerateFileSystemEntries(Folder).ShouldBeEmpty();
    }

    [Theory]
    [InlineData(0, 0, "KeepLast")]
    [InlineData(1, -1, "KeepEvery")]
    public void Options_that_cannot_be_are_refused(int last, long every, string because) =>
        Should.Throw<UserErrorException>(() => Store(new CheckpointStoreOptions { KeepLast = last, KeepEvery = every }))
            .Message.ShouldContain(because);

    private static CheckpointManifest Manifest(long step) =>
        new() { Facts = Samples.Facts(step), CreatedAt = Noon, WeightsHash = "", Files = [] };

    private string HashOf(long step) => new CheckpointArchive(Folder).List().Single(info => info.Step == step).Manifest!.WeightsHash;

    private CheckpointStore Store(CheckpointStoreOptions? options = null, string? folder = null) =>
        new(folder ?? Folder, options ?? new(), new FakeTimeProvider(Noon));
}
