using ActorTrain.Tests.Processes;

namespace ActorTrain.EndToEnd.Tests;

/// <summary>What <c>sft</c> cannot use is refused with one sentence and exit code 2, and nothing on disk has changed.</summary>
[Collection(nameof(TunedRuns))]
public sealed class FineTuningRefusalTests(TunedRuns real)
{
    [Theory]
    [InlineData("base.model=", "base.model is missing", "actortrain sft")]
    [InlineData("base.model=nowhere", "--set base.model=nowhere", "There is no run nowhere")]
    [InlineData("base.model=runs/base/checkpoints/step-00000007", "step-00000007")]
    [InlineData("data.path=reserved", "reserved holds text", "`actortrain sft` takes chats")]
    [InlineData("data.path=other", "The tokenizer of base does not match the data in other", "--tokenizer-from base")]
    [InlineData("data.path=long", "long holds a chat of ", "its context is 48", "--max-tokens 49", "--too-long")]
    [InlineData("model.depth=3", "--set model.depth=3", "but base, with whose weights the run starts, has 2", "omit model.depth")]
    [InlineData("model.context=64", "--set model.context=64", "model.context is 64", "has 48")]
    [InlineData("base.digest=12", "base.digest")]
    public void A_setting_is_refused(string setting, params string[] said)
    {
        File.WriteAllText(real.At("one.jsonl"), """{"prompt": "q", "completion": "a"}""" + "\n");
        File.WriteAllText(real.At("long.jsonl"), $$"""{"prompt": "q", "completion": "{{new string('a', 60)}}"}""" + "\n");
        Prepare("one.jsonl", "other", "--tokenizer", "bytes", "--special", "<x>");
        Prepare("long.jsonl", "long", "--tokenizer-from", "base");
        Refused(TunedRuns.Small("new", setting), said);
    }

    [Fact]
    public void A_base_without_a_checkpoint_is_refused()
    {
        Directory.CreateDirectory(real.At("runs", "empty", "checkpoints"));
        File.Copy(real.At("runs", "base", "run.yaml"), real.At("runs", "empty", "run.yaml"), overwrite: true);
        Refused(TunedRuns.Small("new", "base.model=empty"), "empty has no intact checkpoint");
        Directory.Delete(real.At("runs", "empty"), recursive: true);
    }

    [Fact]
    public void The_run_of_another_base_is_not_resumed()
    {
        real.Run(TrainedRuns.Small("base-two", "data.path=reserved", "model.context=48", "training.seed=2")).ShouldSucceed();
        Refused(TunedRuns.Small("tuned", "base.model=base-two"), "base.digest");
        Refused([.. TunedRuns.Small("tuned"), "--fresh"], "runs/tuned already has checkpoints");
        Refused([.. TunedRuns.Small("new"), "--resume"], "runs/new has no checkpoint");
        Refused(["pretrain", .. TunedRuns.Small("tuned").Skip(1)], "chats holds chats", "actortrain sft");
    }

    [Fact]
    public void A_damaged_copy_of_the_base_is_refused_where_the_run_begins_again()
    {
        real.Run(TunedRuns.Small("damaged", "training.steps=5")).ShouldSucceed();
        Directory.Delete(real.At("runs", "damaged", "checkpoints"), recursive: true);
        var copy = real.At("runs", "damaged", "base", "model.safetensors");
        RunTests.FlipBit(copy, new FileInfo(copy).Length - 9);
        real.Run(TunedRuns.Small("damaged", "training.steps=5"))
            .ShouldRefuse("runs/damaged/base/model.safetensors are damaged", "delete the file");
        real.Checkpoints("damaged").ShouldBeEmpty();
    }

    private void Prepare(string input, string output, params string[] more)
    {
        if (!Directory.Exists(real.At(output)))
            real.Run(["prepare", "--kind", "chat", "--input", input, "--output", output, "--held-out", "0", .. more]).ShouldSucceed();
    }

    private void Refused(string[] line, params string[] said)
    {
        var before = real.Snapshot();
        real.Run(line).ShouldRefuse(said);
        real.Snapshot().ShouldBe(before);
    }
}
