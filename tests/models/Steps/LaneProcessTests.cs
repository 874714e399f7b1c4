namespace ActorTrain.Models.Tests.Steps;

public sealed class LaneProcessTests
{
    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void Lanes_of_one_step_computed_in_several_processes_give_every_one_of_them_the_weights_of_one_process(int processes)
    {
        using var folder = new ExchangeFolder();
        var alone = LaneProcess.Train(folder.Make("alone"), processes: 1, index: 0);
        var together = folder.Make("together");
        var children = Enumerable.Range(0, processes).Select(index => LaneProcess.Start(together, processes, index, threads: 1 + index % 2))
            .ToList();
        foreach (var child in children)
        {
            child.ReadToEnd().Trim().ShouldBe(alone);
            child.WaitToEnd();
            child.ExitCode.ShouldBe(0);
            child.Dispose();
        }
    }

    private sealed class ExchangeFolder : IDisposable
    {
        private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("actortrain-lanes-");

        public string Make(string name) => folder.CreateSubdirectory(name).FullName;

        public void Dispose() => folder.Delete(recursive: true);
    }
}
