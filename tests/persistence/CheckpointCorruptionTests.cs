using System.Security.Cryptography;
using System.Text;
using ActorTrain.Models;
using ActorTrain.Persistence.Checkpoints;

namespace ActorTrain.Persistence.Tests;

/// <summary>Whatever is altered in the newest checkpoint, the one before is taken, with a warning that says why.</summary>
public sealed class CheckpointCorruptionTests : IDisposable
{
    private readonly TestDirectory directory = new();
    private readonly CheckpointStore store;
    private readonly string newest;

    public CheckpointCorruptionTests()
    {
        store = new CheckpointStore(directory.Path, new CheckpointStoreOptions(), TimeProvider.System);
        store.Commit(1);
        store.Commit(2);
        newest = directory.At("step-00000002");
    }

    public void Dispose() => directory.Dispose();

    [Theory]
    [InlineData("manifest.json")]
    [InlineData("weights.safetensors")]
    [InlineData("optimizer.safetensors")]
    public void A_flipped_bit_anywhere_is_recognised(string name)
    {
        var path = Path.Combine(newest, name);
        var whole = File.ReadAllBytes(path);
        for (var at = 0; at < whole.Length; at++)
        {
            var bytes = (byte[])whole.Clone();
            bytes[at] ^= (byte)(1 << (at % 8));
            File.WriteAllBytes(path, bytes);
            ShouldFallBack(name);
        }

        File.WriteAllBytes(path, whole);
        store.LoadLatest(Samples.Layout, Samples.NoFaults).ShouldBeOf(2);
    }

    [Theory]
    [InlineData("manifest.json")]
    [InlineData("weights.safetensors")]
    [InlineData("optimizer.safetensors")]
    public void A_file_cut_short_or_grown_is_recognised(string name)
    {
        var path = Path.Combine(newest, name);
        var whole = File.ReadAllBytes(path);
        foreach (var length in new[] { 0, 1, 7, 8, 9, whole.Length / 2, whole.Length - 1 })
        {
            File.WriteAllBytes(path, whole[..length]);
            ShouldFallBack(name);
        }

        File.WriteAllBytes(path, [.. whole, 0]);
        ShouldFallBack(name);
    }

    [Theory]
    [InlineData("manifest.json")]
    [InlineData("weights.safetensors")]
    [InlineData("optimizer.safetensors")]
    public void A_missing_file_is_recognised(string name)
    {
        File.Delete(Path.Combine(newest, name));
        ShouldFallBack(name);
    }

    [Fact]
    public void Files_of_another_checkpoint_are_recognised()
    {
        File.Copy(directory.At("step-00000001", "weights.safetensors"), Path.Combine(newest, "weights.safetensors"), overwrite: true);
        ShouldFallBack("weights.safetensors");
    }

    [Fact]
    public void A_renamed_checkpoint_is_recognised()
    {
        Directory.Move(newest, directory.At("step-00000009"));
        var faults = new List<CheckpointFault>();
        store.LoadLatest(Samples.Layout, faults.Add).ShouldBeOf(1);
        faults.ShouldHaveSingleItem().Sentence.ShouldContain("its manifest is for step 2");
    }

    [Fact]
    public void When_none_is_whole_each_is_reported_and_nothing_is_loaded()
    {
        foreach (var step in new[] { "step-00000001", "step-00000002" })
            File.WriteAllText(directory.At(step, "manifest.json"), "{}");
        var faults = new List<CheckpointFault>();
        store.LoadLatest(Samples.Layout, faults.Add).ShouldBeNull();
        faults.Select(fault => fault.Step).ShouldBe([2, 1]);
    }

    [Fact]
    public void A_manifest_of_a_newer_format_is_refused_rather_than_passed_over()
    {
        Seal("{\n  \"formatVersion\": 3,\n  \"something\": \"new\"");
        Should.Throw<UserErrorException>(() => store.LoadLatest(Samples.Layout, Samples.NoFaults))
            .Message.ShouldContain("format version 3");
    }

    [Fact]
    public void A_manifest_of_the_format_before_is_read()
    {
        var text = File.ReadAllText(Path.Combine(newest, "manifest.json"));
        text.ShouldContain("\"formatVersion\": 2,");
        Seal(text[..text.LastIndexOf(",\n", StringComparison.Ordinal)].Replace("\"formatVersion\": 2,", "\"formatVersion\": 1,",
            StringComparison.Ordinal));
        store.LoadLatest(Samples.Layout, Samples.NoFaults).ShouldBeOf(2);
    }

    private void Seal(string body)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(body)));
        File.WriteAllText(Path.Combine(newest, "manifest.json"), $"{body},\n  \"manifestSha256\": \"{hash}\"\n}}\n");
    }

    private void ShouldFallBack(string name)
    {
        var faults = new List<CheckpointFault>();
        store.LoadLatest(Samples.Layout, faults.Add).ShouldBeOf(1);
        var fault = faults.ShouldHaveSingleItem();
        fault.Path.ShouldBe(newest);
        fault.Sentence.ShouldContain(name);
        CheckpointArchive.Verify(store.List()[0]).ShouldNotBeNull().Sentence.ShouldContain(name);
    }
}
